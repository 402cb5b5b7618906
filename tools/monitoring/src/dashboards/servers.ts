import { neutral, type DashboardSpec, ofServers, noneAllowed, type Step, upTo } from './panel.ts'

const ours = `${ofServers}, datname=~".+_db"`
const someLeft: readonly Step[] = [
  [null, 'red'],
  [0.5, 'green'],
]

export const servers: DashboardSpec = {
  uid: 'order-saga-servers',
  title: 'Order saga / PostgreSQL and RabbitMQ',
  description: 'The databases of CloudNativePG and the broker.',
  rows: [
    {
      title: 'PostgreSQL',
      panels: [
        {
          title: 'Servers up',
          description:
            'PostgreSQL servers that their exporter can reach. Normal: all instances of the three databases.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: someLeft,
          queries: [{ expr: `sum(cnpg_collector_up{${ofServers}})`, legend: 'up' }],
        },
        {
          title: 'Replication lag',
          description: 'Maximum of all replicas; 0 on a primary. Normal: below 1 s.',
          kind: 'number',
          unit: 's',
          width: 4,
          steps: upTo(5, 30),
          queries: [{ expr: `max(cnpg_pg_replication_lag{${ofServers}})`, legend: 'lag' }],
        },
        {
          title: 'Connections in use',
          description: 'Maximum share of max_connections. Normal: below 0.8; at 1 pods cannot connect.',
          kind: 'number',
          unit: 'percentunit',
          width: 4,
          steps: upTo(0.8, 0.95),
          queries: [
            {
              expr: `max(sum by (pod) (cnpg_backends_total{${ofServers}}) / on (pod) max by (pod) (cnpg_pg_settings_setting{${ofServers}, name="max_connections"}))`,
              legend: 'in use',
            },
          ],
        },
        {
          title: 'Longest transaction',
          description:
            'Normal: below 1 s; the audit and backups may take longer. A long transaction prevents vacuum from removing dead rows.',
          kind: 'number',
          unit: 's',
          width: 4,
          steps: upTo(60, 600),
          queries: [{ expr: `max(cnpg_backends_max_tx_duration_seconds{${ofServers}})`, legend: 'longest' }],
        },
        {
          title: 'Blocked backends',
          description: 'Backends that wait for a lock. Normal: 0, or a few for a short time.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: upTo(5, 20),
          queries: [{ expr: `max(cnpg_backends_waiting_total{${ofServers}})`, legend: 'blocked' }],
        },
        {
          title: 'Deadlocks',
          description: 'In the time range. Normal: 0, or very few; the services retry these transactions.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: upTo(1, 10),
          queries: [{ expr: `sum(increase(cnpg_pg_stat_database_deadlocks{${ours}}[$__range]))`, legend: 'deadlocks' }],
        },
        {
          title: 'Transactions',
          description:
            'Commits and rollbacks per second, by database. Normal: commits follow the orders, rollbacks are rare.',
          kind: 'lines',
          unit: 'ops',
          width: 8,
          steps: neutral,
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
            'Normal: below 1 s. Failover to a lagging replica loses transactions unless replication is synchronous.',
          kind: 'lines',
          unit: 's',
          width: 8,
          steps: upTo(5, 30),
          queries: [{ expr: `max by (pod) (cnpg_pg_replication_lag{${ofServers}})`, legend: '{{pod}}' }],
        },
        {
          title: 'Connections by server',
          description: 'Normal: constant; each pod of a service opens up to DB_POOL_MAX on the primary.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: upTo(80, 95),
          queries: [{ expr: `sum by (pod) (cnpg_backends_total{${ofServers}})`, legend: '{{pod}}' }],
        },
        {
          title: 'Size of the databases',
          description: 'Normal: grows with the orders: state is kept, events and inbox ids have a retention time.',
          kind: 'lines',
          unit: 'bytes',
          width: 8,
          steps: neutral,
          queries: [{ expr: `max by (datname) (cnpg_pg_database_size_bytes{${ours}})`, legend: '{{datname}}' }],
        },
        {
          title: 'Cache hit ratio',
          description: 'Share of blocks found in shared buffers. Normal: above 0.99 after warm-up.',
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
          title: 'WAL size',
          description:
            'By server. Normal: constant. It grows until the disk is full when archiving fails or a replica is disconnected.',
          kind: 'lines',
          unit: 'bytes',
          width: 8,
          steps: neutral,
          queries: [{ expr: `max by (pod) (cnpg_collector_pg_wal{${ofServers}, value="size"})`, legend: '{{pod}}' }],
        },
      ],
    },
    {
      title: 'RabbitMQ',
      panels: [
        {
          title: 'Alarms',
          description: 'Memory, disk and file descriptor alarms: publishing is blocked on all nodes. Normal: 0.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: noneAllowed,
          queries: [
            {
              // The kinds of alarms depend on the version.
              expr: `sum({__name__=~"rabbitmq_alarms_.+", ${ofServers}})`,
              legend: 'alarms',
            },
          ],
        },
        {
          title: 'Memory relative to the watermark',
          description: 'Maximum of all nodes. Normal: below 0.7; at 1 publishing is blocked.',
          kind: 'number',
          unit: 'percentunit',
          width: 4,
          steps: upTo(0.7, 0.9),
          queries: [
            {
              expr: `max(rabbitmq_process_resident_memory_bytes{${ofServers}} / rabbitmq_resident_memory_limit_bytes{${ofServers}})`,
              legend: 'used',
            },
          ],
        },
        {
          title: 'Free disk above the limit',
          description: 'Minimum of all nodes. Normal: several GB; at 0 publishing is blocked.',
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
              expr: `min(rabbitmq_disk_space_available_bytes{${ofServers}} - rabbitmq_disk_space_available_limit_bytes{${ofServers}})`,
              legend: 'free',
            },
          ],
        },
        {
          title: 'Nodes',
          description: 'Broker nodes scraped by Prometheus. Normal: rabbitmq.replicas.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: someLeft,
          queries: [{ expr: `count(rabbitmq_build_info{${ofServers}})`, legend: 'nodes' }],
        },
        {
          title: 'Connections',
          description: 'Normal: two per pod of a service, and one or two for operations.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: neutral,
          queries: [{ expr: `sum(rabbitmq_connections{${ofServers}})`, legend: 'connections' }],
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
              expr: `sum(max by (queue) (rabbitmq_detailed_queue_messages{${ofServers}}))`,
              legend: 'messages',
            },
          ],
        },
        {
          title: 'Message rates',
          description: 'Received, delivered and acknowledged messages per second. Normal: all three move together.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: neutral,
          queries: [
            {
              expr: `sum(rate(rabbitmq_global_messages_received_total{${ofServers}}[$__rate_interval]))`,
              legend: 'received',
            },
            {
              expr: `sum(rate(rabbitmq_global_messages_delivered_consume_manual_ack_total{${ofServers}}[$__rate_interval]))`,
              legend: 'delivered',
            },
            {
              expr: `sum(rate(rabbitmq_global_messages_acknowledged_total{${ofServers}}[$__rate_interval]))`,
              legend: 'acknowledged',
            },
          ],
        },
        {
          title: 'Returned and unroutable',
          description:
            'Messages without a bound queue. Normal: 0; the relay parks such events after OUTBOX_PARK_AFTER_MS.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: upTo(0.001, 1),
          queries: [
            {
              expr: `sum(rate(rabbitmq_global_messages_unroutable_returned_total{${ofServers}}[$__rate_interval]))`,
              legend: 'returned',
            },
            {
              expr: `sum(rate(rabbitmq_global_messages_unroutable_dropped_total{${ofServers}}[$__rate_interval]))`,
              legend: 'dropped',
            },
          ],
        },
        {
          title: 'Memory by node',
          description: 'Normal: constant, below the watermark.',
          kind: 'lines',
          unit: 'bytes',
          width: 12,
          steps: neutral,
          queries: [
            {
              expr: `max by (pod) (rabbitmq_process_resident_memory_bytes{${ofServers}})`,
              legend: '{{pod}}',
            },
            {
              expr: `max by (pod) (rabbitmq_resident_memory_limit_bytes{${ofServers}})`,
              legend: '{{pod}} watermark',
            },
          ],
        },
        {
          title: 'Free disk by node',
          description:
            'Normal: constant, far above the limit. Quorum queues free disk only when old messages are consumed.',
          kind: 'lines',
          unit: 'bytes',
          width: 12,
          steps: neutral,
          queries: [
            { expr: `min by (pod) (rabbitmq_disk_space_available_bytes{${ofServers}})`, legend: '{{pod}}' },
            {
              expr: `max by (pod) (rabbitmq_disk_space_available_limit_bytes{${ofServers}})`,
              legend: '{{pod}} limit',
            },
          ],
        },
      ],
    },
  ],
}
