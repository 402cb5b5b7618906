/** Series in the notation of `promtool test rules`: `0+5x60` is 0, 5, 10, … for 60 intervals. */
export type Series = Readonly<Record<string, string>>

export interface AlertCase {
  readonly when: string
  readonly series: Series
  /** Time since the first sample, such as `90m`. */
  readonly at: string
  readonly interval?: string
  /** Additional labels of the firing alert, beside its name, severity, namespace and release; undefined if it must not fire. */
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
const retried = (queue: string, values: string): Series => ({
  [`event_consumed_total{${ns},pod="a",queue="${queue}",event="order.created",result="retried"}`]: values,
})
const job = (name: string, failed: number, succeeded: number): Series => ({
  [`kube_job_status_failed{namespace="orders",job_name="${name}"}`]: `${failed}x5`,
  [`kube_job_status_succeeded{namespace="orders",job_name="${name}"}`]: `${succeeded}x5`,
})

/** Cases in which each alert must fire, with its labels, and cases in which it must not. */
export const alertCases: Readonly<Record<string, readonly AlertCase[]>> = {
  OrderSagaErrorBudgetFast: [
    { when: '10 % of the orders time out for an hour', series: finished(10, 1, 120), at: '90m', fires: {} },
    { when: '2 % of the orders time out for an hour', series: finished(50, 1, 120), at: '90m' },
    {
      when: '50 % of the orders timed out until 40 minutes ago',
      series: {
        [`saga_finished_total{${ns},outcome="confirmed"}`]: '0+10x120',
        [`saga_finished_total{${ns},outcome="timeout"}`]: '0+10x30 300x90',
      },
      at: '70m',
    },
    {
      when: 'all of three orders time out',
      series: { [`saga_finished_total{${ns},outcome="timeout"}`]: '0x50 1x2 2x2 3x40' },
      at: '56m',
    },
  ],
  OrderSagaErrorBudgetSlow: [
    {
      when: '2 % of the orders time out for seven hours',
      series: finished(250, 5, 84),
      interval: '5m',
      at: '7h',
      fires: {},
    },
    { when: '0.3 % of the orders time out for seven hours', series: finished(1_000, 3, 84), interval: '5m', at: '7h' },
  ],
  OrderSagaPastDeadline: [
    {
      when: 'sagas remain open after their deadline',
      series: pods('saga_past_deadline', '0 2x10'),
      at: '5m',
      fires: {},
    },
    {
      when: 'sagas are cancelled at the next deadline check',
      series: pods('saga_past_deadline', '0 3 0x10'),
      at: '5m',
    },
  ],
  OrderSagaCompensationOverdue: [
    { when: 'a refund remains overdue', series: pods('saga_compensations_overdue', '1x10'), at: '8m', fires: {} },
    {
      when: 'a refund completes after the second request',
      series: pods('saga_compensations_overdue', '1x3 0x10'),
      at: '8m',
    },
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
      when: 'the counter is constant',
      series: pods('saga_protocol_violations_total', '3x15', ',event="payment.completed"'),
      at: '8m',
    },
    {
      when: 'the last violation is older than the window',
      series: pods('saga_protocol_violations_total', '0x5 1x40', ',event="payment.completed"'),
      at: '30m',
    },
    {
      when: 'a pod starts again and counts from 0',
      series: pods('saga_protocol_violations_total', '2x20 0x20', ',event="payment.completed"'),
      at: '25m',
    },
  ],
  OrderSagaForgedMessage: [
    {
      when: 'a message is refused as forged',
      series: {
        ...pods('event_forged_total', '0x5 1x10', ',queue="order_queue",reason="type"'),
        ...pods('event_forged_total', '0x15', ',queue="payment_queue",reason="type"'),
      },
      at: '8m',
      fires: { queue: 'order_queue' },
    },
    {
      when: 'the counter is constant',
      series: pods('event_forged_total', '3x15', ',queue="order_queue",reason="binding"'),
      at: '8m',
    },
  ],
  OrderSagaAuditViolation: [
    {
      when: 'an invariant is violated',
      series: pods('saga_audit_violations', '0 2x5', ',invariant="money"'),
      at: '3m',
      fires: { invariant: 'money' },
    },
    { when: 'no invariant is violated', series: pods('saga_audit_violations', '0x5', ',invariant="money"'), at: '3m' },
  ],
  OrderSagaAuditStale: [
    {
      when: 'the last audit completed more than two hours ago',
      series: pods('saga_audit_finished_timestamp_seconds', '0x200'),
      at: '140m',
      fires: {},
    },
    {
      when: 'no audit has completed since the start',
      series: pods('saga_audit_runs_total', '1x30', ',result="not_done"'),
      at: '20m',
      fires: {},
    },
    {
      when: 'an audit completes every minute, and some do not complete',
      series: {
        ...pods('saga_audit_finished_timestamp_seconds', '0+60x200'),
        ...pods('saga_audit_runs_total', '0+1x200', ',result="not_done"'),
      },
      at: '180m',
    },
    {
      when: 'the first audit is running',
      series: pods('saga_audit_runs_total', '0x30', ',result="not_done"'),
      at: '20m',
    },
  ],
  OrderSagaOutboxOld: [
    {
      when: 'the oldest event is pending for more than a minute',
      series: pods('outbox_oldest_pending_seconds', '61+60x5', ',service="payment"'),
      at: '2m',
      fires: { service: 'payment' },
    },
    {
      when: 'the oldest event is pending for 59 seconds',
      series: pods('outbox_oldest_pending_seconds', '59x5', ',service="payment"'),
      at: '4m',
    },
  ],
  OrderSagaRelayStopped: [
    {
      when: 'events are pending and none is published',
      series: {
        ...pods('outbox_pending_events', '5x20', ',service="order"'),
        ...pods('outbox_published_total', '7x20', ',service="order",event="order.created"'),
      },
      at: '12m',
      fires: { service: 'order' },
    },
    {
      when: 'events are pending and none was ever published',
      series: pods('outbox_pending_events', '5x20', ',service="order"'),
      at: '12m',
      fires: { service: 'order' },
    },
    {
      when: 'events are pending, but one pod publishes',
      series: {
        ...pods('outbox_pending_events', '5x20', ',service="order"'),
        [`outbox_published_total{${ns},pod="a",service="order",event="order.created"}`]: '0+1x20',
        [`outbox_published_total{${ns},pod="b",service="order",event="order.created"}`]: '0x20',
      },
      at: '12m',
    },
    {
      when: 'no event is pending',
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
    { when: 'no event is parked', series: pods('outbox_parked_events', '0x5', ',service="order"'), at: '4m' },
  ],
  OrderSagaBacklogGrowing: [
    {
      when: 'a backlog above the threshold grows',
      series: { [`saga_queue_backlog{${ns},vhost="/",queue="payment_queue"}`]: '0+100x60' },
      at: '40m',
      fires: { vhost: '/', queue: 'payment_queue' },
    },
    {
      when: 'a backlog above the threshold shrinks',
      series: { [`saga_queue_backlog{${ns},vhost="/",queue="payment_queue"}`]: '9000-100x60' },
      at: '40m',
    },
    {
      when: 'a backlog below the threshold grows',
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
      when: 'deliveries are settled after a minute',
      series: pods('consumer_oldest_unacknowledged_seconds', '60x10', ',queue="payment_queue"'),
      at: '6m',
    },
  ],
  OrderSagaOpenLong: [
    {
      when: 'a saga is open for half an hour',
      series: pods('saga_oldest_open_seconds', '0+60x30'),
      at: '20m',
      fires: {},
    },
    { when: 'a saga is open for five minutes', series: pods('saga_oldest_open_seconds', '300x10'), at: '8m' },
  ],
  OrderSagaMissingBinding: [
    {
      when: 'events cannot be routed',
      series: pods('outbox_unroutable_events', '3x10', ',service="inventory"'),
      at: '5m',
      fires: { service: 'inventory' },
    },
    { when: 'all events are routed', series: pods('outbox_unroutable_events', '0x10', ',service="order"'), at: '5m' },
  ],
  OrderSagaBreakerOpen: [
    {
      when: 'the breaker of one pod is open',
      series: {
        [`circuit_breaker_open_seconds{${ns},pod="a",service="payment",dependency="payment gateway"}`]: '0+60x10',
        [`circuit_breaker_open_seconds{${ns},pod="b",service="payment",dependency="payment gateway"}`]: '0x10',
      },
      at: '5m',
      fires: { service: 'payment', dependency: 'payment gateway' },
    },
    {
      when: 'a breaker closes after half a minute',
      series: pods('circuit_breaker_open_seconds', '30 0x5', ',service="order",dependency="database"'),
      at: '3m',
    },
  ],
  OrderSagaChargeInFlight: [
    {
      when: 'a charge has no result for ten minutes',
      series: pods('payment_oldest_in_flight_seconds', '0+60x10', ',operation="charge"'),
      at: '8m',
      fires: { operation: 'charge' },
    },
    {
      when: 'charges last a minute',
      series: pods('payment_oldest_in_flight_seconds', '60x10', ',operation="charge"'),
      at: '8m',
    },
  ],
  OrderSagaRetriesStranded: [
    {
      when: 'three messages stay in the longest retry queue and nothing is retried',
      series: { ...depth('payment_queue.retry.45000', '3x20'), ...retried('payment_queue', '7x20') },
      at: '6m',
      fires: { queue: 'payment_queue.retry.45000' },
    },
    {
      when: 'a message stays in a short retry queue, and no pod has ever retried',
      series: depth('order_queue.retry.1000', '0x3 1x20'),
      at: '6m',
      fires: { queue: 'order_queue.retry.1000' },
    },
    {
      when: 'another queue retries',
      series: { ...depth('order_queue.retry.5000', '1x20'), ...retried('payment_queue', '0+3x20') },
      at: '6m',
      fires: { queue: 'order_queue.retry.5000' },
    },
    {
      when: 'the queue is not reported for more than five minutes, because it has no leader',
      series: { ...depth('payment_queue.retry.45000', '0 2 _x20'), ...depth('payment_queue', '0x20') },
      at: '12m',
      fires: { queue: 'payment_queue.retry.45000' },
    },
    {
      when: 'messages are retried all the time',
      series: { ...depth('payment_queue.retry.45000', '3x20'), ...retried('payment_queue', '0+3x20') },
      at: '6m',
    },
    {
      when: 'a message of an unreadable version returns to the longest retry queue after each delay',
      series: { ...depth('payment_queue.retry.45000', '1x30'), ...retried('payment_queue', '0+1x30') },
      at: '25m',
    },
    {
      when: 'the queue is empty from time to time',
      series: { ...depth('payment_queue.retry.45000', '3 3 0 3 3 0 3 3 0 3 3 0'), ...retried('payment_queue', '9x20') },
      at: '10m',
    },
    {
      when: 'messages have waited for less than three delays and a minute',
      series: { ...depth('payment_queue.retry.45000', '0x3 2x20'), ...retried('payment_queue', '7x20') },
      at: '6m',
    },
    {
      when: 'no queue is reported',
      series: { ...depth('payment_queue.retry.45000', '0 2 _x20'), ...depth('payment_queue', '0 0 _x20') },
      at: '12m',
    },
    { when: "the messages are in another system's queue", series: depth('audit_queue.retry.1000', '3x20'), at: '6m' },
  ],
  OrderSagaUnreadableVersion: [
    {
      when: 'messages of a newer version wait for an upgrade',
      series: {
        ...pods('event_unreadable_total', '0x5 0+1x15', ',queue="payment_queue",event="order.created"'),
        ...pods('event_unreadable_total', '0x20', ',queue="order_queue",event="payment.failed"'),
      },
      at: '12m',
      fires: { queue: 'payment_queue', event: 'order.created' },
    },
    {
      when: 'no message is unreadable',
      series: pods('event_unreadable_total', '0x15', ',queue="payment_queue",event="order.created"'),
      at: '12m',
    },
    {
      when: 'the consumer is upgraded',
      series: pods('event_unreadable_total', '0x5 0+1x5 5x30', ',queue="payment_queue",event="order.created"'),
      at: '30m',
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
      when: 'no pod of a service can read its outbox',
      series: pods('up', '1x10', ',service="payment"'),
      at: '5m',
      fires: { service: 'payment' },
    },
    {
      when: 'one of two pods can read the outbox',
      series: {
        ...pods('up', '1x10', ',service="payment"'),
        [`outbox_pending_events{${ns},pod="a",service="payment"}`]: '0x10',
      },
      at: '5m',
    },
    { when: 'the service is scaled to 0', series: pods('up', '0x10', ',service="payment"'), at: '5m' },
    { when: 'the service has no database', series: pods('up', '1x10', ',service="notification"'), at: '5m' },
  ],
  OrderSagaAccessDenied: [
    {
      when: 'two pods deny 40 requests per minute together',
      series: pods('http_access_denied_total', '0+20x40', ',service="order",reason="expired"'),
      at: '15m',
      fires: { service: 'order' },
    },
    {
      when: 'two pods deny 8 requests per minute together',
      series: pods('http_access_denied_total', '0+4x40', ',service="order",reason="scope"'),
      at: '15m',
    },
  ],
  OrderSagaClockSkew: [
    {
      when: 'the clock of one pod is 6 s behind',
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
      when: 'the clock skew is 50 ms',
      series: pods('clock_skew_seconds', '0.05x10', ',service="order"'),
      at: '8m',
    },
  ],
  OrderSagaReplicationLag: [
    {
      when: 'the replication lag remains above the threshold',
      series: { [`cnpg_pg_replication_lag{${ns},pod="order-db-2"}`]: '31x10' },
      at: '8m',
      fires: { pod: 'order-db-2' },
    },
    {
      when: 'the replica catches up',
      series: { [`cnpg_pg_replication_lag{${ns},pod="order-db-2"}`]: '31x2 0x10' },
      at: '8m',
    },
  ],
  OrderSagaBrokerAlarm: [
    {
      when: 'a disk alarm is set',
      series: {
        [`rabbitmq_alarms_memory_used_watermark{${ns},pod="r"}`]: '0x5',
        [`rabbitmq_alarms_free_disk_space_watermark{${ns},pod="r"}`]: '0 1x5',
      },
      at: '2m',
      fires: { pod: 'r' },
    },
    {
      when: 'no alarm is set',
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
    {
      when: 'a migration succeeded at the second attempt',
      series: job('shop-order-migrate-0a1b2c3d4e', 1, 1),
      at: '2m',
    },
    { when: 'another job has failed', series: job('shop-audit-28', 1, 0), at: '2m' },
  ],
}
