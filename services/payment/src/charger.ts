import { setMaxListeners } from 'node:events'
import { Breaker, DependencyUnavailable, type Log, type Message, messageOf, traceIdOf } from '@order-saga/chassis'
import { isExpired } from './domain/unseen-charge.ts'
import { type ChargeResult, GatewayUnavailable, type PaymentGateway } from './gateway/payment-gateway.ts'
import type { Outcome, Outcomes } from './outcomes.ts'
import type { GatewayTimer } from './payment-metrics.ts'
import { Slots } from './slots.ts'
import type { PaymentRecord } from './store/payments.ts'

export interface ChargerOptions {
  readonly gateway: PaymentGateway
  readonly outcomes: Outcomes
  readonly concurrency: number
  readonly now: () => Date
  readonly log: Log
  readonly time: GatewayTimer
}

/** What the sweeper needs to know of a charge that was sent out. */
export const chargeKey = (orderId: string): string => `charge:${orderId}`

/**
 * Asks the gateway to charge: the second part of the reaction to order.created. The intent is durable by then, and the
 * result is recorded with the claim of the event. Whatever leaves the outcome open is handed to the sweeper.
 */
export class Charger {
  readonly slots: Slots
  readonly #options: ChargerOptions
  readonly #breaker: Breaker
  readonly #running = new Map<string, Promise<void>>()
  readonly #stop = new AbortController()

  constructor(options: ChargerOptions) {
    this.#options = options
    this.slots = new Slots(options.concurrency)
    // Every charge that waits listens to it.
    setMaxListeners(0, this.#stop.signal)
    this.#breaker = new Breaker({
      name: 'payment gateway',
      threshold: 5,
      waitMs: 500,
      maxWaitMs: 10_000,
      onChange: (state, reason) =>
        options.log.warn({ dependency: 'payment gateway', state, reason }, 'breaker changed'),
    })
  }

  get timeLimitMs(): number {
    return this.#options.gateway.timeLimitMs
  }

  /** No waiting for a gateway in trouble any more; what is with the gateway comes to its end. */
  stop(): void {
    this.#stop.abort(new DependencyUnavailable('this process', 'it is stopping'))
  }

  /**
   * Resolves when the result, or its absence, is recorded.
   * @throws DependencyUnavailable when nothing was sent, or nothing could be recorded: the message is then held
   */
  async charge(payment: PaymentRecord, message: Message): Promise<void> {
    const { outcomes } = this.#options
    const { orderId, sagaId, eventId, traceparent } = message
    const about = { orderId, sagaId, cause: { eventId, traceparent } }
    const running = this.#running.get(orderId)
    if (running !== undefined) {
      // The same order twice in this process: one charge, and the second message is claimed after it.
      await running
      await outcomes.record({ ...about, input: undefined })
      return
    }
    const run = this.#charge(payment).then((result) => outcomes.record({ ...about, ...result }))
    this.#running.set(
      orderId,
      run.catch(() => undefined),
    )
    try {
      await run
    } finally {
      this.#running.delete(orderId)
    }
  }

  async #charge(payment: PaymentRecord): Promise<Pick<Outcome, 'input' | 'chargeId' | 'detail'>> {
    const { gateway, now, log, time } = this.#options
    const { orderId, amount, currency, customerEmail, deadline } = payment
    if (amount === null || currency === null || deadline === null) return { input: undefined }
    let unknown: unknown
    const ask = async (): Promise<ChargeResult | 'too late'> => {
      // The last moment before money may move.
      if (isExpired(deadline, now())) return 'too late'
      const key = chargeKey(orderId)
      try {
        return await time('charge', payment, () =>
          gateway.charge({ key, orderId, amount, currency, customerEmail: customerEmail ?? '', deadline }),
        )
      } catch (error) {
        if (!(error instanceof GatewayUnavailable)) unknown = error
        // Either way the gateway is in trouble, and the breaker must hear of it.
        throw new DependencyUnavailable('payment gateway', error)
      }
    }
    try {
      return outcomeOf(await this.#breaker.run(ask, this.#patienceUntil(deadline)))
    } catch (error) {
      // Surely nothing was charged: the message is held and tried again.
      if (error instanceof DependencyUnavailable && unknown === undefined) throw error
      log.warn(
        {
          orderId,
          sagaId: payment.sagaId,
          traceId: traceIdOf(payment.traceparent),
          reason: messageOf(unknown ?? error),
        },
        'the outcome of a charge is open',
      )
      return { input: undefined }
    }
  }

  /** Waiting for a gateway in trouble ends with the process, or at the deadline: then it is too late to charge anyway. */
  #patienceUntil(deadline: Date): AbortSignal {
    if (!this.#breaker.isOpen) return this.#stop.signal
    const leftMs = Math.max(0, deadline.getTime() - this.#options.now().getTime())
    return AbortSignal.any([this.#stop.signal, AbortSignal.timeout(leftMs)])
  }
}

export function outcomeOf(result: ChargeResult | 'too late'): Pick<Outcome, 'input' | 'chargeId' | 'detail'> {
  if (result === 'too late') return { input: undefined }
  return result.kind === 'charged'
    ? { input: { on: 'charge.succeeded' }, chargeId: result.chargeId }
    : { input: { on: 'charge.declined' }, detail: result.detail }
}
