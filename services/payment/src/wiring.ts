import { consumedBy } from '@order-saga/contracts'
import { Divert, laneQueue, type Message, type Service } from '@order-saga/chassis'
import { Charger } from './charger.ts'
import type { PaymentConfig } from './config.ts'
import type { ConfiguredGateway } from './gateway/create-gateway.ts'
import { Outcomes } from './outcomes.ts'
import { createPaymentMetrics } from './payment-metrics.ts'
import { paymentReactions } from './reactions/index.ts'
import { Refunder } from './refunder.ts'
import { schema } from './store/schema.ts'
import { sweep } from './sweeper.ts'

/** How long a charge waits for a free place before it is set aside, so that what comes after it can pass. */
const placeWaitMs = 250

/** Gives the process its work. */
export function wirePayment(service: Service, config: PaymentConfig, configured: ConfiguredGateway): void {
  const { log, now, newId } = service
  const store = service.withStore({ config, schema })
  const { time, committed } = createPaymentMetrics(service.metrics, service.tracing)
  const { gateway, refundTimeLimitMs, close } = configured
  const queue = config.paymentQueue
  const { concurrency } = config

  const refunder = new Refunder({ gateway, timeLimitMs: refundTimeLimitMs, concurrency, log, time })
  const startRefund = refunder.start.bind(refunder)
  const outcomes = new Outcomes({ ...store, consumer: queue, now, newId, refundTimeLimitMs, committed, startRefund })
  refunder.use(outcomes)
  const charger = new Charger({ gateway, outcomes, concurrency, now, log, time })
  const reactions = paymentReactions({ queue, charger, refunder, now, newId, committed })
  const reactor = service.reactor(reactions, config.batchSize)

  const react = async (message: Message, signal: AbortSignal): Promise<'processed' | 'duplicate'> => {
    const { result, effect } = await reactor.react(message, signal)
    await effect?.()
    return result
  }
  const charges = laneQueue(queue, 'charges')
  const withPlace =
    (waitMs: number | undefined) =>
    async (message: Message, signal: AbortSignal): Promise<'processed' | 'duplicate'> => {
      if (message.name !== 'order.created') return await react(message, signal)
      if (!(await charger.slots.take(waitMs))) throw new Divert(charges)
      try {
        return await react(message, signal)
      } finally {
        charger.slots.give()
      }
    }
  const events = consumedBy('payment')
  service.consume({ queue, prefetch: config.prefetch, events, react: withPlace(placeWaitMs) })
  service.consume({ queue, from: charges, prefetch: concurrency, events, react: withPlace(undefined) })

  const { database } = store
  const { keyTtlMs, settleMs } = config
  service.every('sweep', config.sweepIntervalMs, async () => {
    await sweep({ database, gateway, outcomes, refunder, keyTtlMs, settleMs, now, log, time })
  })
  service.onStop(() => {
    charger.stop()
    close()
  })
  service.onDrain(() => refunder.drain())
}
