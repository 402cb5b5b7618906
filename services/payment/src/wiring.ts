import { consumedBy, OrderCreated, secondaryQueue } from '@order-saga/contracts'
import { DiversionRequired, type Message, type Service } from '@order-saga/chassis'
import type { PaymentConfig } from './config.ts'
import { ConcurrencyLimit } from './effects/concurrency-limit.ts'
import { EffectRunner } from './effects/effect-runner.ts'
import { ResultRecorder } from './effects/record-results.ts'
import { sweep } from './effects/sweeper.ts'
import type { ConfiguredGateway } from './gateway/create-gateway.ts'
import { measureInFlight } from './in-flight-gauge.ts'
import { createPaymentMetrics } from './payment-metrics.ts'
import { paymentReactions } from './reactions/index.ts'
import { type LockedPayments, PaymentCache } from './store/payments.ts'
import { schema } from './store/schema.ts'

/** How long a charge waits for the concurrency limit before it is diverted, so that the messages behind it can pass. */
const limitWaitMs = 250

export function wirePayment(service: Service, config: PaymentConfig, configured: ConfiguredGateway): void {
  const { log, now, newId } = service
  const store = service.withStore({ config, schema })
  const { time, committed: count } = createPaymentMetrics(service.metrics, service.tracing)
  const { gateway, refundTimeLimitMs, close } = configured
  const { paymentQueue: queue, concurrency, keyTtlMs, settleMs } = config
  const timeLimitsMs = { charge: gateway.timeLimitMs, refund: refundTimeLimitMs }

  const cache = new PaymentCache()
  const committed = (payments: LockedPayments): void => {
    cache.put(payments)
    count(payments)
  }
  const access = { gateway, now, log, time, onBreakerChange: service.breakers.onChange('payment gateway') }
  const results = new ResultRecorder({ ...store, consumer: queue, now, newId, timeLimitsMs, cache, committed })
  const runner = new EffectRunner({ ...access, results, concurrency })
  const reactor = service.reactor(paymentReactions({ queue, timeLimitsMs, newId, cache, committed }), config.batchSize)

  const react = async (message: Message, signal: AbortSignal): Promise<'processed' | 'duplicate'> => {
    const { result, effects } = await reactor.react(message, signal)
    await runner.run(effects)
    return result
  }
  const charges = secondaryQueue(queue, 'charges')
  const limit = new ConcurrencyLimit(concurrency)
  const limited =
    (waitMs?: number) =>
    async (message: Message, signal: AbortSignal): Promise<'processed' | 'duplicate'> => {
      if (message.name !== OrderCreated.name) return await react(message, signal)
      if (!(await limit.acquire(waitMs))) throw new DiversionRequired(charges)
      try {
        return await react(message, signal)
      } finally {
        limit.release()
      }
    }
  const events = consumedBy('payment')
  service.consume({ queue, prefetch: config.prefetch, events, react: limited(limitWaitMs) })
  service.consume({ queue, from: charges, prefetch: concurrency, events, react: limited() })

  const { database } = store
  service.every('payment-gauges', config.gaugeIntervalMs, measureInFlight(service.metrics, database, now))
  service.every('sweep', config.sweepIntervalMs, async () => {
    await sweep({ ...access, database, runner, keyTtlMs, settleMs })
  })
  service.onStop(() => {
    runner.stop()
    close()
  })
  service.onDrain(() => runner.drain())
}
