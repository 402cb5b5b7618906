import { consumedBy, isCustomerId } from '@order-saga/contracts'
import { accessGuard, createApi, type Log, ReadLimit, RequestDeadline, type Service } from '@order-saga/chassis'
import { type AcceptOrder, createAcceptOrder } from './accept-orders.ts'
import { Admission } from './admission.ts'
import type { OrderConfig } from './config.ts'
import { checkDeadlines } from './deadline-checker.ts'
import { orderAccess } from './http/access-rules.ts'
import { createOrderRouter } from './http/orders.ts'
import { orderReactions } from './reactions/index.ts'
import { createSagaMetrics } from './saga-metrics.ts'
import { idempotencyRetention } from './store/insert-orders.ts'
import { SagaCache, type SagaRecord, violationsOf } from './store/sagas.ts'
import { schema } from './store/schema.ts'

const admissionIntervalMs = 1_000

/** @returns the function by which the API accepts orders */
export function wireOrder(service: Service, config: OrderConfig): AcceptOrder {
  const { log, metrics, tracing, now, newId } = service
  const store = service.withStore({ config, schema, retention: [idempotencyRetention] })
  const { database } = store
  const { started, committed, measure } = createSagaMetrics(metrics)
  const { refundRetryMs, sagaTimeoutMs } = config

  const queue = config.orderQueue
  const cache = new SagaCache()
  const reactions = orderReactions({
    queue,
    refundRetryMs,
    cache,
    committed: (sagas) => {
      cache.put(sagas.values())
      committed(sagas.values())
      logViolations(sagas.values(), log)
    },
  })
  const reactor = service.reactor(reactions, config.batchSize)
  service.consume({
    queue,
    prefetch: config.prefetch,
    events: consumedBy('order'),
    react: async (message, signal) => (await reactor.react(message, signal)).result,
  })
  service.every('deadlines', config.timeoutCheckIntervalMs, async () => {
    await checkDeadlines({ ...store, now, newId, refundRetryMs, committed })
  })
  service.every('saga-gauges', config.gaugeIntervalMs, measure(database, now))

  const admission = new Admission(config)
  service.every('admission', admissionIntervalMs, () => admission.measure(database))
  const accept = createAcceptOrder({
    ...store,
    now,
    newId,
    admission,
    requestDeadline: new RequestDeadline('database'),
    sagaTimeoutMs,
    cache,
    onAccepted: started,
  })
  const reads = new ReadLimit({ concurrency: config.dbReadPoolMax, isWriting: () => admission.isAccepting })
  const tokenRequired = config.authMode === 'jwt'
  const router = createOrderRouter({
    accept,
    database: service.openReads(config),
    reads,
    tokenRequired,
    now,
    queues: config,
  })
  const access = accessGuard(service, config, orderAccess, isCustomerId)
  service.serve(createApi({ router, log, metrics, tracing, access }), config)
  return accept
}

function logViolations(sagas: Iterable<SagaRecord>, log: Log): void {
  for (const saga of sagas) {
    const { sagaId, orderId } = saga
    for (const { event, eventId } of violationsOf(saga)) {
      log.warn({ event, eventId, sagaId, orderId }, 'an event violates the protocol or does not match its order')
    }
  }
}
