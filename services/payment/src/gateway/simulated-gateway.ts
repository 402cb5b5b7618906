import { createHash } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { type Charge, type ChargeResult, OutcomeUnknown, type PaymentGateway, type Refund } from './payment-gateway.ts'

export interface SimulatedGatewayOptions {
  /** The part of the orders whose charge is declined, 0 to 1. Which ones follows from the order id alone. */
  readonly failureRate: number
  /** How long a charge or its decline takes, in milliseconds. */
  readonly processingMs: number
  /** The longest a charge for `slow@` may take, in milliseconds; it must exceed the time orders have to their deadline. */
  readonly slowLimitMs?: number
  readonly now: () => Date
  /** Resolves after `ms`, or rejects when the signal aborts. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** `close` ends the charges in flight: they throw `OutcomeUnknown`, as every later one does. */
export type SimulatedGateway = PaymentGateway & { close(): void }

const slowAfterDeadlineMs = 2_000
const timerSlackMs = 1_000
const retainedResults = 10_000

/**
 * A gateway without a provider: its answers follow from the order alone, so a run can be repeated and a repetition
 * after a crash gets the same charge id. docs/payment-provider.md lists what triggers which answer.
 * Refunds never fail and are answered at once: the money a saga owes must not depend on a simulated failure.
 */
export function createSimulatedGateway(options: SimulatedGatewayOptions): SimulatedGateway {
  const { failureRate, processingMs, slowLimitMs = 100_000, now, delay = unreferencedDelay } = options
  const charges = new Map<string, ChargeResult>()
  const refunds = new Map<string, { readonly refundId: string }>()
  const closing = new AbortController()
  // One for each charge in flight.
  setMaxListeners(0, closing.signal)

  function durationOf(charge: Charge): number {
    if (localPartOf(charge) !== 'slow') return processingMs
    const untilLate = charge.deadline.getTime() + slowAfterDeadlineMs - now().getTime()
    return Math.max(processingMs, Math.min(untilLate, slowLimitMs))
  }

  function resultOf(charge: Charge): ChargeResult {
    const trigger = localPartOf(charge)
    const declined = trigger === 'decline' || (trigger !== 'slow' && positionOf(charge.orderId) < failureRate)
    return declined
      ? { kind: 'declined', detail: 'declined by the simulated gateway' }
      : { kind: 'charged', chargeId: `sim_ch_${digestOf(charge.key)}` }
  }

  return {
    timeLimitMs: Math.max(processingMs, slowLimitMs) + timerSlackMs,

    async charge(charge) {
      const known = charges.get(charge.key)
      if (known !== undefined) return known
      const durationMs = durationOf(charge)
      try {
        if (durationMs > 0) await delay(durationMs, closing.signal)
      } catch (error) {
        throw new OutcomeUnknown(`${charge.key} was in flight when the simulated gateway closed`, {
          cause: error,
        })
      }
      const result = resultOf(charge)
      retain(charges, charge.key, result)
      return result
    },

    findCharge: async (key) => charges.get(key),

    async refund({ key }: Refund) {
      const refund = { refundId: `sim_re_${digestOf(key)}` }
      retain(refunds, key, refund)
      return refund
    },

    findRefund: async (key) => refunds.get(key),

    close: () => closing.abort(),
  }
}

/** A process that ends need not wait for a charge of two minutes. */
async function unreferencedDelay(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal, ref: false })
}

/** The oldest are evicted, as after a restart: a simulation that runs for weeks must not fill the memory. */
function retain<T>(results: Map<string, T>, key: string, result: T): void {
  results.set(key, result)
  if (results.size <= retainedResults) return
  for (const oldest of results.keys()) {
    results.delete(oldest)
    return
  }
}

/** Where an order lies in [0, 1), the same in every process and version. */
function positionOf(orderId: string): number {
  return createHash('sha256').update(`charge:${orderId}`).digest().readUInt32BE(0) / 2 ** 32
}

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 24)
}

function localPartOf(charge: Charge): string {
  return charge.customerEmail.slice(0, charge.customerEmail.lastIndexOf('@'))
}
