import { calm, type DashboardSpec, here, noneAllowed, type Step, upTo } from './panel.ts'

const ours = `${here}, datname=~".+_db"`
const someLeft: readonly Step[] = [
  [null, 'red'],
  [0.5, 'green'],
]

export const servers: DashboardSpec = {
  uid: 'order-saga-servers',
  title: 'Order saga / PostgreSQL and RabbitMQ',
  description: 'The servers under the system: databases of CloudNativePG, and the broker.',
  rows: [
    {
      title: 'PostgreSQL',
      panels: [
        {
          title: 'Servers up',
          description: 'PostgreSQL servers whose exporter reaches them. Normal: all instances of the three databases.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: someLeft,
          queries: [{ expr: `sum(cnpg_collector_up{${here}})`, legend: 'up' }],
        },
        {
          title: 'Replication lag',
          description: 'Worst of all replicas; 0 on a primary. Normal: below a second.',
          kind: 'number',
          unit: 's',
          width: 4,
          steps: upTo(5, 30),
          queries: [{ expr: `max(cnpg_pg_replication_lag{${here}})`, legend: 'lag' }],
        },
        {
          title: 'Connections in use',
          description: 'Of max_connections, on the fullest server. Normal: below 0.8; beyond, pods cannot connect.',
          kind: 'number',
          unit: 'percentunit',
          width: 4,
          steps: upTo(0.8, 0.95),
          queries: [
            {
              expr: `max(sum by (pod) (cnpg_backends_total{${here}}) / on (pod) max by (pod) (cnpg_pg_settings_setting{${here}, name="max_connections"}))`,
              legend: 'in use',
            },
          ],
        },
        {
          title: 'Longest transaction',
          description:
            'Normal: below a second; the audit and back-ups may take longer. One that stays open holds up vacuum.',
          kind: 'number',
          unit: 's',
          width: 4,
          steps: upTo(60, 600),
          queries: [{ expr: `max(cnpg_backends_max_tx_duration_seconds{${here}})`, legend: 'longest' }],
        },
        {
          title: 'Blocked backends',
          description: 'Backends that wait for a lock of another. Normal: 0, or a few for moments.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: upTo(5, 20),
          queries: [{ expr: `max(cnpg_backends_waiting_total{${here}})`, legend: 'blocked' }],
        },
        {
          title: 'Deadlocks',
          description: 'In the time shown. Normal: 0, or very few; such transactions are repeated by themselves.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: upTo(1, 10),
          queries: [{ expr: `sum(increase(cnpg_pg_stat_database_deadlocks{${ours}}[$__range]))`, legend: 'deadlocks' }],
        },
        {
          title: 'Transactions',
          description:
            'Commits and rollbacks a second by database. Normal: commits follow the orders, rollbacks are rare.',
          kind: 'lines',
          unit: 'ops',
          width: 8,
          steps: calm,
          queries: [
            {
              expr: `sum by (datname) (rate(cnpg_pg_stat_database_xact_commit{${ours}}[$__rate_interval]))`,
              legend: '{{datname}} commits',
            },
            {
              expr: `sum by (datname) (rate(cnpg_pg_stat_database_xact_rollback{${ours}}[$__rate_interval]))`,
              legend: '{{datname}} rollbacks',
            },
          ],
        },
        {
          title: 'Replication lag by server',
          description:
            'Normal: below a second. A replica that stays behind cannot take over without loss unless replication is synchronous.',
          kind: 'lines',
          unit: 's',
          width: 8,
          steps: upTo(5, 30),
          queries: [{ expr: `max by (pod) (cnpg_pg_replication_lag{${here}})`, legend: '{{pod}}' }],
        },
        {
          title: 'Connections by server',
          description: 'Normal: level; each pod of a service opens up to DB_POOL_MAX on the primary.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: upTo(80, 95),
          queries: [{ expr: `sum by (pod) (cnpg_backends_total{${here}})`, legend: '{{pod}}' }],
        },
        {
          title: 'Size of the databases',
          description:
            'Normal: grows with the orders, for state is never purged; events and ids of processed events are.',
          kind: 'lines',
          unit: 'bytes',
          width: 8,
          steps: calm,
          queries: [{ expr: `max by (datname) (cnpg_pg_database_size_bytes{${ours}})`, legend: '{{datname}}' }],
        },
        {
          title: 'Found in memory',
          description: 'Share of blocks that need not be read from disk. Normal: above 0.99 once warm.',
          kind: 'lines',
          unit: 'percentunit',
          width: 8,
          steps: [
            [null, 'red'],
            [0.9, 'yellow'],
            [0.99, 'green'],
          ],
          queries: [
            {
              expr:
                `sum by (datname) (rate(cnpg_pg_stat_database_blks_hit{${ours}}[$__rate_interval])) / ` +
                `(sum by (datname) (rate(cnpg_pg_stat_database_blks_hit{${ours}}[$__rate_interval])) + sum by (datname) (rate(cnpg_pg_stat_database_blks_read{${ours}}[$__rate_interval])) > 0)`,
              legend: '{{datname}}',
            },
          ],
        },
        {
          title: 'Write-ahead log on disk',
          description:
            'By server. Normal: level. It grows when archiving fails or a replica is gone, until the disk is full.',
          kind: 'lines',
          unit: 'bytes',
          width: 8,
          steps: calm,
          queries: [{ expr: `max by (pod) (cnpg_collector_pg_wal{${here}, value="size"})`, legend: '{{pod}}' }],
        },
      ],
    },
    {
      title: 'RabbitMQ',
      panels: [
        {
          title: 'Alarms',
          description:
            'Memory, disk and file descriptors: while one lasts, nothing can be published anywhere. Normal: 0.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: noneAllowed,
          queries: [
            {
              // A version may know more kinds of alarms, or fewer.
              expr: `sum({__name__=~"rabbitmq_alarms_.+", ${here}})`,
              legend: 'alarms',
            },
          ],
        },
        {
          title: 'Memory used of the watermark',
          description: 'On the fullest node. Normal: below 0.7; at 1 publishing is blocked.',
          kind: 'number',
          unit: 'percentunit',
          width: 4,
          steps: upTo(0.7, 0.9),
          queries: [
            {
              expr: `max(rabbitmq_process_resident_memory_bytes{${here}} / rabbitmq_resident_memory_limit_bytes{${here}})`,
              legend: 'used',
            },
          ],
        },
        {
          title: 'Disk left above the limit',
          description: 'Free bytes above the limit, on the fullest node. Normal: much; at 0 publishing is blocked.',
          kind: 'number',
          unit: 'bytes',
          width: 4,
          steps: [
            [null, 'red'],
            [500_000_000, 'yellow'],
            [2_000_000_000, 'green'],
          ],
          queries: [
            {
              expr: `min(rabbitmq_disk_space_available_bytes{${here}} - rabbitmq_disk_space_available_limit_bytes{${here}})`,
              legend: 'left',
            },
          ],
        },
        {
          title: 'Nodes',
          description: 'Broker nodes that answer. Normal: rabbitmq.replicas.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: someLeft,
          queries: [{ expr: `count(rabbitmq_build_info{${here}})`, legend: 'nodes' }],
        },
        {
          title: 'Connections',
          description: 'Normal: two per pod of a service, and one or two for operations.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: calm,
          queries: [{ expr: `sum(rabbitmq_connections{${here}})`, legend: 'connections' }],
        },
        {
          title: 'Messages in all queues',
          description: 'Ready and unacknowledged. Normal: low.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: upTo(1_000, 10_000),
          queries: [
            {
              expr: `sum(max by (queue) (rabbitmq_detailed_queue_messages{${here}}))`,
              legend: 'messages',
            },
          ],
        },
        {
          title: 'Messages through the broker',
          description:
            'Received from publishers, handed to consumers, and acknowledged, a second. Normal: all three move together.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: calm,
          queries: [
            {
              expr: `sum(rate(rabbitmq_global_messages_received_total{${here}}[$__rate_interval]))`,
              legend: 'received',
            },
            {
              expr: `sum(rate(rabbitmq_global_messages_delivered_consume_manual_ack_total{${here}}[$__rate_interval]))`,
              legend: 'delivered',
            },
            {
              expr: `sum(rate(rabbitmq_global_messages_acknowledged_total{${here}}[$__rate_interval]))`,
              legend: 'acknowledged',
            },
          ],
        },
        {
          title: 'Returned and unroutable',
          description:
            'Messages nobody was bound for. Normal: 0; the outbox parks such events after OUTBOX_PARK_AFTER_MS.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: upTo(0.001, 1),
          queries: [
            {
              expr: `sum(rate(rabbitmq_global_messages_unroutable_returned_total{${here}}[$__rate_interval]))`,
              legend: 'returned',
            },
            {
              expr: `sum(rate(rabbitmq_global_messages_unroutable_dropped_total{${here}}[$__rate_interval]))`,
              legend: 'dropped',
            },
          ],
        },
        {
          title: 'Memory by node',
          description: 'Normal: level, below the watermark (60 % of the limit less a fifth).',
          kind: 'lines',
          unit: 'bytes',
          width: 12,
          steps: calm,
          queries: [
            {
              expr: `max by (pod) (rabbitmq_process_resident_memory_bytes{${here}})`,
              legend: '{{pod}}',
            },
            {
              expr: `max by (pod) (rabbitmq_resident_memory_limit_bytes{${here}})`,
              legend: '{{pod}} watermark',
            },
          ],
        },
        {
          title: 'Free disk by node',
          description:
            'Normal: level, far above the limit. Quorum queues free disk only when old messages are consumed.',
          kind: 'lines',
          unit: 'bytes',
          width: 12,
          steps: calm,
          queries: [
            { expr: `min by (pod) (rabbitmq_disk_space_available_bytes{${here}})`, legend: '{{pod}}' },
            { expr: `max by (pod) (rabbitmq_disk_space_available_limit_bytes{${here}})`, legend: '{{pod}} limit' },
          ],
        },
      ],
    },
  ],
}
