import { DependencyUnavailable, messageOf, traceIdOf } from '@order-saga/chassis'
import type { PaymentEffect } from '../domain/payment.ts'
import type { EffectIntent } from '../reactions/advance-payment.ts'
import type { PaymentRecord } from '../store/payments.ts'
import { Charger, type GatewayAccess } from './charge.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import type { AttemptResult, EffectResult, ResultRecorder } from './record-results.ts'
import { refund, type RefundOptions } from './refund.ts'

export interface EffectRunnerOptions extends GatewayAccess {
  readonly results: Pick<ResultRecorder, 'record'>
  /** Refunds in flight at the same time; charges are limited where their deliveries are taken. */
  readonly concurrency: number
}

/** Above it a refund is left to the sweeper, which finds it in the table: a long backlog must not fill the memory. */
const maxRefundsInMemory = 1_000

/**
 * Starts all outside effects, after the commit of their intents. A charge is awaited: its event is claimed with its result.
 * Nobody waits for a refund: its event is claimed with its intent, and the sweeper repeats what fails.
 */
export class EffectRunner {
  readonly #options: EffectRunnerOptions
  readonly #charger: Charger
  readonly #refundLimit: ConcurrencyLimit
  readonly #charges = new Map<string, Promise<void>>()
  readonly #refunds = new Map<string, Promise<void>>()
  #stopped = false

  constructor(options: EffectRunnerOptions) {
    this.#options = options
    this.#charger = new Charger(options)
    this.#refundLimit = new ConcurrencyLimit(options.concurrency)
  }

  /**
   * Resolves when every charge has its result, or the absence of one, recorded.
   * @throws DependencyUnavailable when certainly nothing was charged, or nothing could be recorded: the message is retained
   */
  async run(intents: readonly EffectIntent[]): Promise<void> {
    for (const intent of intents) {
      if (intent.effect === 'charge') await this.#charge(intent)
      else if (!this.#stopped && this.#refunds.size < maxRefundsInMemory) {
        void this.refund(intent.payment, { lookUp: false, mayRepeat: true })
      }
    }
  }

  /** Resolves when the refund, or the failure of this attempt, is recorded; never rejects. */
  async refund(payment: PaymentRecord, how: RefundOptions): Promise<void> {
    const { orderId } = payment
    const run = this.#refunds.get(orderId) ?? this.#refund(payment, how).finally(() => this.#refunds.delete(orderId))
    this.#refunds.set(orderId, run)
    await run
  }

  /**
   * Makes an attempt at an effect whose event is claimed, and records its result. Never rejects: the sweeper makes the
   * next attempt.
   */
  async attempt(effect: PaymentEffect, payment: PaymentRecord, work: () => Promise<AttemptResult>): Promise<void> {
    const { orderId, sagaId, traceparent } = payment
    try {
      await this.#record({ orderId, sagaId, ...(await work()) })
    } catch (error) {
      const about = { orderId, sagaId, traceId: traceIdOf(traceparent), reason: messageOf(error) }
      this.#options.log.warn(about, `the result of a ${effect} is still unknown`)
      if (error instanceof DependencyUnavailable) return
      await this.#record({ orderId, sagaId, input: undefined }).catch(() => undefined)
    }
  }

  /** Fails charges that wait for the gateway, so that their deliveries can be returned. */
  stop(): void {
    this.#charger.stop()
  }

  /** Starts no more refunds, and waits for those in flight. */
  async drain(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#refunds.values())
  }

  /** The same order twice in this process is charged once; the second event is claimed after the first. */
  async #charge({ payment, cause }: EffectIntent): Promise<void> {
    const { orderId, sagaId } = payment
    const about = { orderId, sagaId, cause }
    const running = this.#charges.get(orderId)
    if (running !== undefined) {
      await running
      await this.#record({ ...about, input: undefined })
      return
    }
    const charge = this.#charger.charge(payment).then((result) => this.#record({ ...about, ...result }))
    this.#charges.set(
      orderId,
      charge.catch(() => undefined),
    )
    await charge.finally(() => this.#charges.delete(orderId))
  }

  async #refund(payment: PaymentRecord, how: RefundOptions): Promise<void> {
    await this.#refundLimit.acquire()
    await this.attempt('refund', payment, async () =>
      this.#stopped ? { input: undefined } : await refund(payment, how, this.#options),
    )
    this.#refundLimit.release()
  }

  async #record(result: EffectResult): Promise<void> {
    await this.run(await this.#options.results.record(result))
  }
}
