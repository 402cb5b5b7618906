import { DependencyUnavailable, type Log, messageOf, traceIdOf } from '@order-saga/chassis'
import type { PaymentGateway } from './gateway/payment-gateway.ts'
import type { Outcome, Outcomes } from './outcomes.ts'
import type { GatewayTimer } from './payment-metrics.ts'
import { Slots } from './slots.ts'
import type { PaymentRecord } from './store/payments.ts'

export interface RefunderOptions {
  readonly gateway: PaymentGateway
  /** The longest a refund may last; the sweeper looks at it some time after that. */
  readonly timeLimitMs: number
  readonly concurrency: number
  readonly log: Log
  readonly time: GatewayTimer
}

const refundKey = (orderId: string): string => `refund:${orderId}`

/** Beyond it a refund is left to the sweeper, whose list is the table and costs no memory. */
const memoryLimit = 1_000

/**
 * Gives money back. The intent is durable before it starts, and its event is claimed, so nobody waits for it: what fails
 * or is lost with the process, the sweeper does again under the same key.
 */
export class Refunder {
  readonly #options: RefunderOptions
  readonly #slots: Slots
  readonly #running = new Map<string, Promise<void>>()
  #outcomes: Outcomes | undefined
  #stopped = false

  constructor(options: RefunderOptions) {
    this.#options = options
    this.#slots = new Slots(options.concurrency)
  }

  get timeLimitMs(): number {
    return this.#options.timeLimitMs
  }

  /** Outcomes start refunds, and refunds have outcomes: this closes the circle. */
  use(outcomes: Outcomes): void {
    this.#outcomes = outcomes
  }

  start(payment: PaymentRecord): void {
    if (this.#stopped || this.#running.size >= memoryLimit) return
    void this.refund(payment, false)
  }

  /** Resolves when the refund, or the failure of this attempt, is recorded; never rejects. `look` first asks for it by key. */
  async refund(payment: PaymentRecord, look: boolean, mayRepeat = true): Promise<void> {
    const { orderId } = payment
    const running = this.#running.get(orderId)
    if (running !== undefined) return await running
    const run = this.#refund(payment, look, mayRepeat).finally(() => this.#running.delete(orderId))
    this.#running.set(orderId, run)
    await run
  }

  /** Starts no more, and waits for those with the gateway. */
  async drain(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running.values())
  }

  async #refund(payment: PaymentRecord, look: boolean, mayRepeat: boolean): Promise<void> {
    const { log } = this.#options
    const { orderId, sagaId } = payment
    await this.#slots.take()
    try {
      const refunded = this.#stopped ? undefined : await this.#ask(payment, look, mayRepeat)
      const outcome: Pick<Outcome, 'input' | 'refundId'> =
        refunded === undefined
          ? { input: undefined }
          : { input: { on: 'refund.succeeded' }, refundId: refunded.refundId }
      await this.#outcomes?.record({ orderId, sagaId, ...outcome })
    } catch (error) {
      log.warn(
        { orderId, sagaId, traceId: traceIdOf(payment.traceparent), reason: messageOf(error) },
        'a refund has not come through yet, it will be tried again',
      )
      if (!(error instanceof DependencyUnavailable)) {
        await this.#outcomes?.record({ orderId, sagaId, input: undefined }).catch(() => undefined)
      }
    } finally {
      this.#slots.give()
    }
  }

  async #ask(payment: PaymentRecord, look: boolean, mayRepeat: boolean): Promise<{ refundId: string } | undefined> {
    const { gateway, time } = this.#options
    const { orderId, chargeId, amount, currency } = payment
    if (chargeId === null || amount === null || currency === null) return undefined
    const key = refundKey(orderId)
    const found = look ? await time('find_refund', payment, () => gateway.findRefund(key)) : undefined
    if (found !== undefined) return found
    if (!mayRepeat) return undefined
    return await time('refund', payment, () => gateway.refund({ key, orderId, chargeId, amount, currency }))
  }
}
