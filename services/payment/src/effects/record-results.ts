import { awaitReplication, commitWithEvents, findProcessed, GroupCommit, type UnitOfWork } from '@order-saga/chassis'
import type { PaymentInput } from '../domain/payment.ts'
import {
  advance,
  type AdvanceContext,
  type EffectIntent,
  type EffectTimeLimits,
  type EventCause,
} from '../reactions/advance-payment.ts'
import {
  type LockedPayments,
  lockPayments,
  type PaymentRecord,
  type PaymentCache,
  savePayments,
} from '../store/payments.ts'

/** The result of one attempt at an effect. */
export interface AttemptResult {
  /** Undefined when the attempt brought no certainty: the sweeper makes the next one. */
  readonly input:
    Exclude<PaymentInput, { on: 'order.created' | 'order.cancelled' | 'payment.refund.requested' }> | undefined
  readonly chargeId?: string
  readonly refundId?: string
  readonly detail?: string
}

export interface EffectResult extends AttemptResult {
  readonly orderId: string
  readonly sagaId: string
  /** The event that is claimed with the result. */
  readonly cause?: EventCause
}

export interface ResultRecorderOptions extends UnitOfWork {
  readonly consumer: string
  readonly timeLimitsMs: EffectTimeLimits
  readonly cache: PaymentCache
  readonly committed: (payments: LockedPayments) => void
}

/** First and longest wait before the next attempt, in milliseconds; it doubles in between. */
const retryMs = { first: 1_000, longest: 60_000 }

/** Results that share a transaction. */
const batch = 200

/** Records the results of outside effects. Results that arrive together share a transaction. */
export class ResultRecorder {
  readonly #options: ResultRecorderOptions
  readonly #group: GroupCommit<EffectResult, EffectIntent[]>

  constructor(options: ResultRecorderOptions) {
    this.#options = options
    this.#group = new GroupCommit({ limit: batch, commit: (results) => this.#commit(results), now: options.now })
  }

  /**
   * @returns the effects that follow, to be started by the caller
   * @throws DependencyUnavailable when the database is unavailable; the sweeper then finds the result by its key
   */
  async record(result: EffectResult): Promise<readonly EffectIntent[]> {
    return await this.#group.submit(result)
  }

  async #commit(results: readonly EffectResult[]): Promise<EffectIntent[][]> {
    const { consumer, newId, timeLimitsMs, cache, committed } = this.#options
    const orderIds = results.map(({ orderId }) => orderId)
    const ids = new Set(results.flatMap(({ cause }) => cause?.eventId ?? []))
    const cached = cache.take(orderIds, { isNew: () => false, newId, now: this.#options.now() })
    const { payments, intents } = await commitWithEvents(this.#options, async (tx, context) => {
      const known = context.isRepeated ? undefined : cached
      const [locked, processed] =
        known === undefined
          ? await Promise.all([lockPayments(tx, orderIds, newId, context.now), findProcessed(tx, consumer, [...ids])])
          : [known, new Set<string>()]
      const decided = results.map((result) =>
        applyResult(locked.of(result.orderId, result.sagaId), result, {
          ...context,
          timeLimitsMs,
          cause: result.cause ?? {},
        }),
      )
      savePayments(tx, locked, context.now)
      const unclaimed = [...ids].filter((id) => !processed.has(id))
      context.claim(consumer, unclaimed)
      // Their deliveries are acknowledged on what an earlier transaction has written.
      if (ids.size > 0 && unclaimed.length === 0) awaitReplication(tx)
      return { payments: locked, intents: decided }
    })
    committed(payments)
    return intents
  }
}

/** Changes the payment as the result demands. @returns the effects that follow */
export function applyResult(
  payment: PaymentRecord,
  { input, chargeId, refundId, detail }: AttemptResult,
  context: AdvanceContext,
): EffectIntent[] {
  if (input !== undefined) {
    payment.chargeId ??= chargeId ?? null
    payment.detail = detail ?? payment.detail
    if (input.on === 'refund.succeeded') payment.refundId ??= refundId ?? null
    return advance(payment, input, context)
  }
  if (payment.nextAttemptAt === null) return []
  const waitMs = Math.min(retryMs.longest, retryMs.first * 2 ** Math.min(payment.attempts, 10))
  payment.attempts += 1
  payment.lastAttemptAt = context.now
  payment.nextAttemptAt = new Date(context.now.getTime() + waitMs)
  payment.changed = true
  return []
}
