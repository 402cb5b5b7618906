import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

const shortBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const longBuckets = [...shortBuckets, 30, 60, 120, 300]

/** Gauges of Node's default metrics that end in `_total`, which by convention only counters do. */
const misnamedGauges = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

const storeMetrics = [
  'outbox_pending_events',
  'outbox_oldest_pending_seconds',
  'outbox_parked_events',
  'outbox_published_total',
]
const apiMetrics = ['http_request_duration_seconds']

/**
 * The metrics of every service. Each service has its own registry, so that two services in one process do not collide.
 * docs/metrics.md defines each metric and its aggregation over pods.
 */
export interface ChassisMetrics {
  readonly registry: Registry
  readonly outboxPending: Gauge
  readonly outboxOldestPending: Gauge
  readonly outboxParked: Gauge
  readonly outboxPublished: Counter<'event'>
  readonly consumed: Counter<'queue' | 'event' | 'result'>
  readonly redelivered: Counter<'queue'>
  readonly handling: Histogram<'queue' | 'event'>
  readonly delivery: Histogram<'queue' | 'event'>
  readonly httpDuration: Histogram<'method' | 'route' | 'status'>
}

/** Removes the metrics of a missing database or API. */
export function removeUnusedMetrics(
  metrics: ChassisMetrics,
  missing: { readonly store: boolean; readonly api: boolean },
): void {
  for (const name of [...(missing.store ? storeMetrics : []), ...(missing.api ? apiMetrics : [])]) {
    metrics.registry.removeSingleMetric(name)
  }
}

/** A registry with Node's default metrics. */
export function createRegistry(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of misnamedGauges) registry.removeSingleMetric(name)
  return registry
}

export function createMetrics(registry = createRegistry()): ChassisMetrics {
  const registers = [registry]
  return {
    registry,
    outboxPending: new Gauge({
      name: 'outbox_pending_events',
      help: 'Events in the outbox that are neither published nor parked; the same in every pod of a service, so take the maximum.',
      registers,
    }),
    outboxOldestPending: new Gauge({
      name: 'outbox_oldest_pending_seconds',
      help: 'Age of the oldest pending event in the outbox, 0 when there is none; take the maximum over pods.',
      registers,
    }),
    outboxParked: new Gauge({
      name: 'outbox_parked_events',
      help: 'Parked events: they cannot be published; take the maximum over pods.',
      registers,
    }),
    outboxPublished: new Counter({
      name: 'outbox_published_total',
      help: 'Events confirmed by the broker and routed to at least one queue; sum over pods.',
      labelNames: ['event'],
      registers,
    }),
    consumed: new Counter({
      name: 'event_consumed_total',
      help: 'Deliveries by result: processed, duplicate, retried, dead_lettered; sum over pods.',
      labelNames: ['queue', 'event', 'result'],
      registers,
    }),
    redelivered: new Counter({
      name: 'event_redelivered_total',
      help: 'Deliveries with the redelivered flag: an earlier consumer lost its channel before the ack; sum over pods.',
      labelNames: ['queue'],
      registers,
    }),
    handling: new Histogram({
      name: 'event_handling_seconds',
      help: 'Time from the arrival of a delivery to its disposition.',
      labelNames: ['queue', 'event'],
      buckets: longBuckets,
      registers,
    }),
    delivery: new Histogram({
      name: 'event_delivery_seconds',
      help: "Time from the event's timestamp to its disposition: outbox, broker and consumer together.",
      labelNames: ['queue', 'event'],
      buckets: longBuckets,
      registers,
    }),
    httpDuration: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the arrival of a request to its response, by route pattern.',
      labelNames: ['method', 'route', 'status'],
      buckets: shortBuckets,
      registers,
    }),
  }
}
