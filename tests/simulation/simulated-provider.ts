import type { LedgerEntry } from '@order-saga/operations'
import {
  type Charge,
  type ChargeResult,
  GatewayUnavailable,
  OutcomeUnknown,
  type PaymentGateway,
  type Refund,
} from '../../services/payment/src/gateway/payment-gateway.ts'
import type { Chance } from './chance.ts'
import type { Happening } from './simulated-broker.ts'
import { running, type VirtualTime, within } from './virtual-time.ts'

export const providerTimes = { timeLimitMs: 3_000, settleMs: 2_000 }

/** A payment provider with its own ledger. Requests are delayed or lost, and responses are lost. */
export class SimulatedProvider {
  readonly charges = new Map<string, LedgerEntry>()
  readonly refunds = new Map<string, LedgerEntry>()
  readonly #declined = new Map<string, string>()
  readonly #chance: Chance
  readonly #time: VirtualTime
  readonly #ignoresKeys: boolean
  readonly #onTheirWay = new Set<Happening>()

  constructor(chance: Chance, time: VirtualTime, ignoresKeys: boolean) {
    this.#chance = chance
    this.#time = time
    this.#ignoresKeys = ignoresKeys
  }

  happenings(): Iterable<Happening> {
    return this.#onTheirWay
  }

  readonly gateway: PaymentGateway = {
    timeLimitMs: providerTimes.timeLimitMs,
    charge: (charge) => this.#call('charge', () => this.#charge(charge)),
    findCharge: (key) => this.#call('find charge', () => this.#chargeOf(key)),
    refund: (refund) => this.#call('refund', () => this.#refund(refund)),
    findRefund: (key) => this.#call('find refund', () => this.#refundOf(key)),
  }

  #charge({ key, amount, currency, customerEmail }: Charge): ChargeResult {
    const known = this.#chargeOf(key)
    if (known !== undefined && !this.#ignoresKeys) return known
    if (customerEmail.startsWith('decline@')) {
      this.#declined.set(key, 'declined')
      return { kind: 'declined', detail: 'declined' }
    }
    const entry = this.#keyFor(this.charges, key)
    this.charges.set(entry, { id: `ch ${entry}`, amount, currency })
    return { kind: 'charged', chargeId: `ch ${key}` }
  }

  #chargeOf(key: string): ChargeResult | undefined {
    const detail = this.#declined.get(key)
    if (detail !== undefined) return { kind: 'declined', detail }
    return this.charges.has(key) ? { kind: 'charged', chargeId: `ch ${key}` } : undefined
  }

  #refund({ key, amount, currency }: Refund): { refundId: string } {
    if (!this.refunds.has(key) || this.#ignoresKeys) {
      const entry = this.#keyFor(this.refunds, key)
      this.refunds.set(entry, { id: `re ${entry}`, amount, currency })
    }
    return { refundId: `re ${key}` }
  }

  #refundOf(key: string): { refundId: string } | undefined {
    return this.refunds.has(key) ? { refundId: `re ${key}` } : undefined
  }

  /** With keys ignored, a repetition is a second entry. */
  #keyFor(book: ReadonlyMap<string, LedgerEntry>, key: string): string {
    return book.has(key) ? `${key} again` : key
  }

  #call<T>(what: string, serve: () => T): Promise<T> {
    const owner = running.getStore()
    return new Promise((resolve, reject) => {
      const answer = (run: () => void): void => within(owner, run)
      const { timeLimitMs, settleMs } = providerTimes
      if (this.#chance.fault('provider', 0.02, () => `refuses: ${what}`)) {
        this.#later(() => answer(() => reject(new GatewayUnavailable('the provider is unavailable'))))
        return
      }
      if (this.#chance.fault('provider', 0.02, () => `never hears: ${what}`)) {
        this.#time.after(timeLimitMs, () => reject(new OutcomeUnknown('no answer')))
        return
      }
      if (this.#chance.fault('provider', 0.02, () => `hears late: ${what}`)) {
        this.#time.after(timeLimitMs, () => reject(new OutcomeUnknown('no answer')))
        // The provider continues after the timeout, even if the requesting process has been killed.
        within(undefined, () =>
          this.#time.after(1 + this.#chance.below(timeLimitMs + settleMs - 1), () => void serve()),
        )
        return
      }
      this.#later(() => {
        const result = serve()
        if (this.#chance.fault('provider', 0.02, () => `answers in vain: ${what}`)) {
          answer(() => reject(new OutcomeUnknown('the line was cut')))
          return
        }
        this.#later(() => answer(() => resolve(result)))
      })
    })
  }

  #later(run: () => void): void {
    const happening = (): void => {
      this.#onTheirWay.delete(happening)
      run()
    }
    this.#onTheirWay.add(happening)
  }
}
