import type { Database } from '@order-saga/chassis'
import { decideUnseenCharge } from '../domain/unseen-charge.ts'
import { claimDuePayments, type PaymentRecord } from '../store/payments.ts'
import { chargeKey, type GatewayAccess, resultOf, sendCharge } from './charge.ts'
import type { EffectRunner } from './effect-runner.ts'
import type { AttemptResult } from './record-results.ts'

export interface SweeperOptions extends GatewayAccess {
  readonly database: Database
  readonly runner: EffectRunner
  /** An older intent is only looked up: the provider may have discarded its key, and a repetition would charge again. */
  readonly keyTtlMs: number
  /** How long after the time limit of the last request an unseen charge may still appear at the provider. */
  readonly settleMs: number
}

/** Intents resolved at the same time. */
const batch = 16

/**
 * Resolves intents whose result is unknown: those of a process that crashed, and those that ended in a time-out, a cut
 * connection or a 5xx. It queries the gateway by key until it knows.
 * @returns the number of intents
 */
export async function sweep(options: SweeperOptions): Promise<number> {
  const { database, gateway, runner, keyTtlMs } = options
  let total = 0
  for (;;) {
    const now = options.now()
    const until = new Date(now.getTime() + 2 * gateway.timeLimitMs + 10_000)
    const due = await claimDuePayments(database, now, until, batch)
    await Promise.all(
      due.map(async (payment) => {
        const mayRepeat = now.getTime() - (payment.intendedAt ?? now).getTime() < keyTtlMs
        if (payment.state.status === 'refunding') await runner.refund(payment, { lookUp: true, mayRepeat })
        else await runner.attempt('charge', payment, () => resolveCharge(payment, mayRepeat, options))
      }),
    )
    total += due.length
    if (due.length < batch) return total
  }
}

async function resolveCharge(
  payment: PaymentRecord,
  mayRepeat: boolean,
  options: SweeperOptions,
): Promise<AttemptResult> {
  const { gateway, settleMs, now, time } = options
  const { orderId, order, state } = payment
  const found = await time('find_charge', payment, () => gateway.findCharge(chargeKey(orderId)))
  if (found !== undefined) return resultOf(found)
  if (order === null) return { input: undefined }
  const window = { timeLimitMs: gateway.timeLimitMs, settleMs }
  const next = decideUnseenCharge({ state, deadline: order.deadline, mayRepeat }, now(), window)
  if (next === 'charge') return await sendCharge(payment, order, options)
  return { input: next === 'absent' ? { on: 'charge.absent' } : undefined }
}
