/** Series as `promtool test rules` reads them: `0+5x60` counts 0, 5, 10, … for 60 intervals. */
export type Series = Readonly<Record<string, string>>

export interface AlertCase {
  readonly when: string
  readonly series: Series
  /** Since the first sample, as `90m`. */
  readonly at: string
  readonly interval?: string
  /** Labels of the alert that fires, beside its name, severity, namespace and release; undefined when it must be silent. */
  readonly fires?: Readonly<Record<string, string>>
}

const ns = 'namespace="orders",release="shop"'
const finished = (perInterval: number, timeouts: number, count: number): Series => ({
  [`saga_finished_total{${ns},pod="a",outcome="confirmed"}`]: `0+${perInterval - timeouts}x${count}`,
  [`saga_finished_total{${ns},pod="a",outcome="timeout"}`]: `0+${timeouts}x${count}`,
})
const pods = (metric: string, values: string, labels = ''): Series => ({
  [`${metric}{${ns},pod="a"${labels}}`]: values,
  [`${metric}{${ns},pod="b"${labels}}`]: values,
})
const depth = (queue: string, values: string): Series => ({
  [`rabbitmq_detailed_queue_messages{${ns},pod="r",vhost="/",queue="${queue}"}`]: values,
})
const job = (name: string, failed: number, succeeded: number): Series => ({
  [`kube_job_status_failed{namespace="orders",job_name="${name}"}`]: `${failed}x5`,
  [`kube_job_status_succeeded{namespace="orders",job_name="${name}"}`]: `${succeeded}x5`,
})

/** The required behaviour of each alert: fire, once and with the right labels, and be silent where there is no need of it. */
export const alertCases: Readonly<Record<string, readonly AlertCase[]>> = {
  OrderSagaErrorBudgetFast: [
    { when: 'one order of ten times out for an hour', series: finished(10, 1, 120), at: '90m', fires: {} },
    { when: 'one of fifty does', series: finished(50, 1, 120), at: '90m' },
    {
      when: 'half of them did, but that has been over for forty minutes',
      series: {
        [`saga_finished_total{${ns},outcome="confirmed"}`]: '0+10x120',
        [`saga_finished_total{${ns},outcome="timeout"}`]: '0+10x30 300x90',
      },
      at: '70m',
    },
    {
      when: 'all of three do',
      series: { [`saga_finished_total{${ns},outcome="timeout"}`]: '0x50 1x2 2x2 3x40' },
      at: '56m',
    },
  ],
  OrderSagaErrorBudgetSlow: [
    {
      when: 'one order of fifty times out for seven hours',
      series: finished(250, 5, 84),
      interval: '5m',
      at: '7h',
      fires: {},
    },
    { when: 'three of a thousand do', series: finished(1_000, 3, 84), interval: '5m', at: '7h' },
  ],
  OrderSagaPastDeadline: [
    { when: 'sagas stay past their deadline', series: pods('saga_past_deadline', '0 2x10'), at: '5m', fires: {} },
    { when: 'they are ended at the next check', series: pods('saga_past_deadline', '0 3 0x10'), at: '5m' },
  ],
  OrderSagaCompensationOverdue: [
    { when: 'a refund stays away', series: pods('saga_compensations_overdue', '1x10'), at: '8m', fires: {} },
    { when: 'it comes at the second request', series: pods('saga_compensations_overdue', '1x3 0x10'), at: '8m' },
  ],
  OrderSagaProtocolViolation: [
    {
      when: 'a payment does not match its order',
      series: {
        ...pods('saga_protocol_violations_total', '0x5 1x10', ',event="payment.completed"'),
        ...pods('saga_protocol_violations_total', '0x15', ',event="inventory.reserved"'),
      },
      at: '8m',
      fires: { event: 'payment.completed' },
    },
    {
      when: 'none is added',
      series: pods('saga_protocol_violations_total', '3x15', ',event="payment.completed"'),
      at: '8m',
    },
    {
      when: 'the last one was long ago',
      series: pods('saga_protocol_violations_total', '0x5 1x40', ',event="payment.completed"'),
      at: '30m',
    },
    {
      when: 'a pod starts again and counts from 0',
      series: pods('saga_protocol_violations_total', '2x20 0x20', ',event="payment.completed"'),
      at: '25m',
    },
  ],
  OrderSagaAuditViolation: [
    {
      when: 'money is kept',
      series: pods('saga_audit_violations', '0 2x5', ',invariant="money"'),
      at: '3m',
      fires: { invariant: 'money' },
    },
    { when: 'all is kept', series: pods('saga_audit_violations', '0x5', ',invariant="money"'), at: '3m' },
  ],
  OrderSagaAuditStale: [
    {
      when: 'the last audit was more than two hours ago',
      series: pods('saga_audit_finished_timestamp_seconds', '0x200'),
      at: '140m',
      fires: {},
    },
    {
      when: 'no audit could be done since the start',
      series: pods('saga_audit_runs_total', '1x30', ',result="not_done"'),
      at: '20m',
      fires: {},
    },
    {
      when: 'one is done every minute, though some are not',
      series: {
        ...pods('saga_audit_finished_timestamp_seconds', '0+60x200'),
        ...pods('saga_audit_runs_total', '0+1x200', ',result="not_done"'),
      },
      at: '180m',
    },
    {
      when: 'the first is still at work',
      series: pods('saga_audit_runs_total', '0x30', ',result="not_done"'),
      at: '20m',
    },
  ],
  OrderSagaOutboxOld: [
    {
      when: 'an event has waited for more than a minute',
      series: pods('outbox_oldest_pending_seconds', '61+60x5', ',service="payment"'),
      at: '2m',
      fires: { service: 'payment' },
    },
    {
      when: 'the oldest is always some seconds old',
      series: pods('outbox_oldest_pending_seconds', '59x5', ',service="payment"'),
      at: '4m',
    },
  ],
  OrderSagaRelayStopped: [
    {
      when: 'events wait and none is published',
      series: {
        ...pods('outbox_pending_events', '5x20', ',service="order"'),
        ...pods('outbox_published_total', '7x20', ',service="order",event="order.created"'),
      },
      at: '12m',
      fires: { service: 'order' },
    },
    {
      when: 'none was ever published',
      series: pods('outbox_pending_events', '5x20', ',service="order"'),
      at: '12m',
      fires: { service: 'order' },
    },
    {
      when: 'events wait, but one pod publishes',
      series: {
        ...pods('outbox_pending_events', '5x20', ',service="order"'),
        [`outbox_published_total{${ns},pod="a",service="order",event="order.created"}`]: '0+1x20',
        [`outbox_published_total{${ns},pod="b",service="order",event="order.created"}`]: '0x20',
      },
      at: '12m',
    },
    {
      when: 'nothing is published because nothing waits',
      series: {
        ...pods('outbox_pending_events', '3 0x20', ',service="order"'),
        ...pods('outbox_published_total', '7x20', ',service="order",event="order.created"'),
      },
      at: '12m',
    },
  ],
  OrderSagaParkedEvents: [
    {
      when: 'an event is parked',
      series: pods('outbox_parked_events', '0 1x5', ',service="order"'),
      at: '4m',
      fires: { service: 'order' },
    },
    { when: 'none is', series: pods('outbox_parked_events', '0x5', ',service="order"'), at: '4m' },
  ],
  OrderSagaBacklogGrowing: [
    {
      when: 'a long queue grows',
      series: { [`saga_queue_backlog{${ns},vhost="/",queue="payment_queue"}`]: '0+100x60' },
      at: '40m',
      fires: { vhost: '/', queue: 'payment_queue' },
    },
    {
      when: 'it is long and shrinks',
      series: { [`saga_queue_backlog{${ns},vhost="/",queue="payment_queue"}`]: '9000-100x60' },
      at: '40m',
    },
    {
      when: 'it grows and is short',
      series: { [`saga_queue_backlog{${ns},vhost="/",queue="payment_queue"}`]: '0+5x60' },
      at: '40m',
    },
  ],
  OrderSagaConsumerStalled: [
    {
      when: 'one pod retains a delivery',
      series: {
        [`consumer_oldest_unacknowledged_seconds{${ns},pod="a",queue="payment_queue"}`]: '0+60x10',
        [`consumer_oldest_unacknowledged_seconds{${ns},pod="b",queue="payment_queue"}`]: '0x10',
      },
      at: '6m',
      fires: { queue: 'payment_queue' },
    },
    {
      when: 'each delivery takes a minute',
      series: pods('consumer_oldest_unacknowledged_seconds', '60x10', ',queue="payment_queue"'),
      at: '6m',
    },
  ],
  OrderSagaDeadLetters: [
    {
      when: 'a message is dead-lettered, and two nodes report its queue',
      series: {
        ...depth('order_queue.dlq', '0 1x5'),
        [`rabbitmq_detailed_queue_messages{${ns},pod="s",vhost="/",queue="order_queue.dlq"}`]: '0 1x5',
      },
      at: '2m',
      fires: { queue: 'order_queue.dlq' },
    },
    {
      when: 'messages are in other queues',
      series: {
        ...depth('order_queue', '5x5'),
        ...depth('order_queue.retry.1000', '5x5'),
        ...depth('other.dlq', '5x5'),
      },
      at: '2m',
    },
  ],
  OrderSagaDatabaseAway: [
    {
      when: 'a service runs and none of its pods can read its outbox',
      series: pods('up', '1x10', ',service="payment"'),
      at: '5m',
      fires: { service: 'payment' },
    },
    {
      when: 'one pod of two can',
      series: {
        ...pods('up', '1x10', ',service="payment"'),
        [`outbox_pending_events{${ns},pod="a",service="payment"}`]: '0x10',
      },
      at: '5m',
    },
    { when: 'the service is scaled to nothing', series: pods('up', '0x10', ',service="payment"'), at: '5m' },
    { when: 'it has no database', series: pods('up', '1x10', ',service="notification"'), at: '5m' },
  ],
  OrderSagaClockSkew: [
    {
      when: 'the clock of one pod stays behind',
      series: {
        [`clock_skew_seconds{${ns},pod="a",service="order"}`]: '-6x10',
        [`clock_skew_seconds{${ns},pod="b",service="order"}`]: '0.01x10',
      },
      at: '8m',
      fires: { service: 'order', pod: 'a' },
    },
    {
      when: 'the clock of one pod is corrected',
      series: { [`clock_skew_seconds{${ns},pod="a",service="order"}`]: '3600x2 0x10' },
      at: '8m',
    },
    {
      when: 'clocks differ by milliseconds',
      series: pods('clock_skew_seconds', '0.05x10', ',service="order"'),
      at: '8m',
    },
  ],
  OrderSagaReplicationLag: [
    {
      when: 'a replica stays behind',
      series: { [`cnpg_pg_replication_lag{${ns},pod="order-db-2"}`]: '31x10' },
      at: '8m',
      fires: { pod: 'order-db-2' },
    },
    {
      when: 'it catches up',
      series: { [`cnpg_pg_replication_lag{${ns},pod="order-db-2"}`]: '31x2 0x10' },
      at: '8m',
    },
  ],
  OrderSagaBrokerAlarm: [
    {
      when: 'the disk is full',
      series: {
        [`rabbitmq_alarms_memory_used_watermark{${ns},pod="r"}`]: '0x5',
        [`rabbitmq_alarms_free_disk_space_watermark{${ns},pod="r"}`]: '0 1x5',
      },
      at: '2m',
      fires: { pod: 'r' },
    },
    {
      when: 'no alarm is on',
      series: {
        [`rabbitmq_alarms_memory_used_watermark{${ns},pod="r"}`]: '0x5',
        [`rabbitmq_alarms_free_disk_space_watermark{${ns},pod="r"}`]: '0x5',
      },
      at: '2m',
    },
  ],
  OrderSagaMigrationFailed: [
    {
      when: 'a migration has failed',
      series: job('shop-order-migrate-0a1b2c3d4e', 1, 0),
      at: '2m',
      fires: { job_name: 'shop-order-migrate-0a1b2c3d4e' },
    },
    { when: 'it succeeded at the second attempt', series: job('shop-order-migrate-0a1b2c3d4e', 1, 1), at: '2m' },
    { when: 'another job has failed', series: job('shop-audit-28', 1, 0), at: '2m' },
  ],
}
