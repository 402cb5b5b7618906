import {
  type Cause,
  claimEvents,
  commitWithEvents,
  findProcessed,
  GroupCommit,
  type ReactionContext,
  type UnitOfWork,
} from '@order-saga/chassis'
import type { PaymentInput } from './domain/payment.ts'
import { advance } from './reactions/advance-payment.ts'
import { lockPayments, type PaymentBook, type PaymentRecord, savePayments } from './store/payments.ts'

/** What became of an effect, or of one attempt at it. */
export interface Outcome {
  readonly orderId: string
  readonly sagaId: string
  /** Undefined when this attempt has brought no certainty: the sweeper looks again. */
  readonly input:
    Exclude<PaymentInput, { on: 'order.created' | 'order.cancelled' | 'payment.refund.requested' }> | undefined
  readonly chargeId?: string
  readonly refundId?: string
  readonly detail?: string
  /** The event whose effect this was; it is claimed with the result. */
  readonly cause?: Pick<Cause, 'eventId' | 'traceparent'>
}

export interface OutcomesOptions extends UnitOfWork {
  readonly consumer: string
  readonly refundTimeLimitMs: number
  readonly committed: (payments: PaymentBook) => void
  readonly startRefund: (payment: PaymentRecord) => void
}

const longestWaitMs = 60_000

/** Records the results of outside effects: the third part of a reaction. Results that arrive together share a commit. */
export class Outcomes {
  readonly #options: OutcomesOptions
  readonly #group: GroupCommit<Outcome, undefined>

  constructor(options: OutcomesOptions) {
    this.#options = options
    this.#group = new GroupCommit({ limit: 200, commit: (outcomes) => this.#commit(outcomes), now: options.now })
  }

  /** @throws DependencyUnavailable when the database is in trouble; the effect is then found by its key later */
  async record(outcome: Outcome): Promise<void> {
    await this.#group.submit(outcome)
  }

  async #commit(outcomes: readonly Outcome[]): Promise<undefined[]> {
    const { consumer, newId, refundTimeLimitMs } = this.#options
    const payments = await commitWithEvents(this.#options, async (tx, context) => {
      const orderIds = outcomes.map(({ orderId }) => orderId)
      const ids = new Set(outcomes.flatMap(({ cause }) => (cause?.eventId === undefined ? [] : [cause.eventId])))
      const [book, processed] = await Promise.all([
        lockPayments(tx, orderIds, newId, context.now),
        findProcessed(tx, consumer, [...ids]),
      ])
      for (const outcome of outcomes) {
        applyOutcome(book.of(outcome.orderId, outcome.sagaId), outcome, { ...context, refundTimeLimitMs })
      }
      savePayments(tx, book, context.now)
      const unclaimed = [...ids].filter((id) => !processed.has(id))
      claimEvents(tx, consumer, unclaimed, context.now)
      return book
    })
    this.#options.committed(payments)
    for (const payment of payments.changed()) {
      if (payment.state.status === 'refunding' && payment.attempts === 0) this.#options.startRefund(payment)
    }
    return outcomes.map(() => undefined)
  }
}

/** Lets an outcome change its payment: the decision of the third part, without its transaction. */
export function applyOutcome(
  payment: PaymentRecord,
  { input, chargeId, refundId, detail, cause = {} }: Outcome,
  context: ReactionContext & { readonly refundTimeLimitMs: number },
): void {
  if (input !== undefined) {
    payment.chargeId ??= chargeId ?? null
    payment.detail = detail ?? payment.detail
    if (input.on === 'refund.succeeded') payment.refundId ??= refundId ?? null
    advance(payment, input, { ...context, effectTimeLimitMs: context.refundTimeLimitMs, cause })
    return
  }
  if (payment.nextAttemptAt === null) return
  payment.attempts += 1
  payment.lastAttemptAt = context.now
  const waitMs = Math.min(longestWaitMs, 500 * 2 ** Math.min(payment.attempts, 10))
  payment.nextAttemptAt = new Date(context.now.getTime() + waitMs)
  payment.changed = true
}
