import { type Database, DependencyUnavailable, type Log, messageOf, traceIdOf } from '@order-saga/chassis'
import { chargeKey, outcomeOf } from './charger.ts'
import { decideUnseenCharge } from './domain/unseen-charge.ts'
import type { PaymentGateway } from './gateway/payment-gateway.ts'
import type { Outcome, Outcomes } from './outcomes.ts'
import type { GatewayTimer } from './payment-metrics.ts'
import type { Refunder } from './refunder.ts'
import { claimDuePayments, type PaymentRecord } from './store/payments.ts'

export interface SweeperOptions {
  readonly database: Database
  readonly gateway: PaymentGateway
  readonly outcomes: Outcomes
  readonly refunder: Refunder
  /** An intent older than this is only looked up: the provider may have forgotten its key, and a repetition would charge again. */
  readonly keyTtlMs: number
  /** How long after the last request for it could end a charge nobody can find may still appear at the provider. */
  readonly settleMs: number
  readonly now: () => Date
  readonly log: Log
  readonly time: GatewayTimer
}

/** Intents looked at together. */
const batch = 16

/**
 * Finds out what became of intents whose outcome is open: those of a process that died, and those the gateway answered
 * with a timeout, a cut connection or a 5xx. It asks by key until it knows.
 * @returns how many intents it looked at
 */
export async function sweep(options: SweeperOptions): Promise<number> {
  const { database, gateway, refunder, keyTtlMs } = options
  let total = 0
  for (;;) {
    const now = options.now()
    const until = new Date(now.getTime() + 2 * gateway.timeLimitMs + 10_000)
    const due = await claimDuePayments(database, now, until, batch)
    await Promise.all(
      due.map(async (payment) => {
        const mayRepeat = now.getTime() - (payment.intendedAt ?? now).getTime() < keyTtlMs
        if (payment.state.status === 'refunding') await refunder.refund(payment, true, mayRepeat)
        else await resolveCharge(payment, mayRepeat, options)
      }),
    )
    total += due.length
    if (due.length < batch) return total
  }
}

async function resolveCharge(payment: PaymentRecord, mayRepeat: boolean, options: SweeperOptions): Promise<void> {
  const { outcomes, log } = options
  const { orderId, sagaId } = payment
  try {
    await outcomes.record({ orderId, sagaId, ...(await findOut(payment, mayRepeat, options)) })
  } catch (error) {
    const traceId = traceIdOf(payment.traceparent)
    log.warn({ orderId, sagaId, traceId, reason: messageOf(error) }, 'the outcome of a charge is still open')
    if (!(error instanceof DependencyUnavailable)) {
      await outcomes.record({ orderId, sagaId, input: undefined }).catch(() => undefined)
    }
  }
}

async function findOut(
  payment: PaymentRecord,
  mayRepeat: boolean,
  { gateway, settleMs, now, time }: SweeperOptions,
): Promise<Pick<Outcome, 'input' | 'chargeId' | 'detail'>> {
  const { orderId, amount, currency, deadline, state } = payment
  const key = chargeKey(orderId)
  const found = await time('find_charge', payment, () => gateway.findCharge(key))
  if (found !== undefined) return outcomeOf(found)
  if (amount === null || currency === null || deadline === null) return { input: undefined }
  const timing = { timeLimitMs: gateway.timeLimitMs, settleMs }
  const next = decideUnseenCharge({ state, deadline, mayRepeat }, now(), timing)
  if (next !== 'charge') return { input: next === 'absent' ? { on: 'charge.absent' } : undefined }
  const customerEmail = payment.customerEmail ?? ''
  return outcomeOf(
    await time('charge', payment, () => gateway.charge({ key, orderId, amount, currency, customerEmail, deadline })),
  )
}
