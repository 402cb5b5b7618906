import { consumedBy } from '@order-saga/contracts'
import { createApi, type Service } from '@order-saga/chassis'
import { Admission } from './admission.ts'
import type { OrderConfig } from './config.ts'
import { checkDeadlines } from './deadline-checker.ts'
import { createOrderRouter } from './http/orders.ts'
import { orderReactions } from './reactions/index.ts'
import { createSagaMetrics } from './saga-metrics.ts'
import { type AcceptOrder, createOrderAcceptance, idempotencyRetention } from './store/accept-orders.ts'
import { schema } from './store/schema.ts'

const admissionIntervalMs = 1_000

/** Gives the process its work. @returns the way in for orders, as the API uses it */
export function wireOrder(service: Service, config: OrderConfig): AcceptOrder {
  const { log, metrics, tracing, now, newId } = service
  const store = service.withStore({ config, schema, retention: [idempotencyRetention] })
  const { database } = store
  const { started, committed, measure } = createSagaMetrics(metrics)
  const { refundRetryMs, sagaTimeoutMs } = config

  const queue = config.orderQueue
  const reactions = orderReactions({ queue, refundRetryMs, committed: (sagas) => committed(sagas.values()) })
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
  const accept = admission.guard(createOrderAcceptance({ ...store, now, newId, sagaTimeoutMs, onAccepted: started }))
  const router = createOrderRouter({ accept, database, now })
  service.serve(createApi({ router, log, metrics, tracing }), config.port)
  return accept
}
