/** A charge in the provider's ledger, in the format of its responses. */
export interface ProviderCharge {
  readonly id: string
  readonly status: 'succeeded' | 'declined'
  readonly idempotency_key: string
  readonly amount: string
  readonly currency: string
  readonly reference: string
  readonly decline?: { readonly code: string; readonly message: string }
}

export interface ProviderRefund {
  readonly id: string
  readonly status: 'succeeded'
  readonly idempotency_key: string
  readonly charge: string
  readonly amount: string
  readonly currency: string
}

export type ChargeRequest = Pick<ProviderCharge, 'amount' | 'currency' | 'reference'>
export type RefundRequest = Pick<ProviderRefund, 'charge' | 'amount' | 'currency'>

export interface ProviderAnswer {
  readonly status: number
  readonly body: object | { readonly data: readonly object[] }
}

/**
 * The provider's memory: who was charged and refunded what, under which key. It outlives the server that uses it,
 * so a test can stop the provider and start it again. Money moves at most once per key, until `forgetKeys`.
 */
export class ProviderLedger {
  readonly charges: ProviderCharge[] = []
  readonly refunds: ProviderRefund[] = []
  readonly #answers = new Map<string, { readonly asked: string; readonly answer: ProviderAnswer }>()
  readonly #declines: (charge: ChargeRequest) => boolean

  constructor(declines: (charge: ChargeRequest) => boolean = () => false) {
    this.#declines = declines
  }

  /** How often money moved, in either direction. */
  get effects(): number {
    return this.charges.filter((charge) => charge.status === 'succeeded').length + this.refunds.length
  }

  /** The sum of what was taken for an order, as a decimal; `0` when nothing was. */
  takenFor(reference: string): string {
    return sumOf(this.#succeeded(reference).map((charge) => charge.amount))
  }

  /** The sum of what was given back for an order, as a decimal; `0` when nothing was. */
  givenBackFor(reference: string): string {
    const ids = new Set(this.#succeeded(reference).map((charge) => charge.id))
    return sumOf(this.refunds.filter((refund) => ids.has(refund.charge)).map((refund) => refund.amount))
  }

  /** As if the time for which idempotency keys are kept had passed: the same key moves money once more. */
  forgetKeys(): void {
    this.#answers.clear()
  }

  charge(key: string, request: ChargeRequest): ProviderAnswer {
    return this.#once(key, request, () => {
      const declined = this.#declines(request)
      const { amount, currency, reference } = request
      const charge: ProviderCharge = {
        id: `ch_${this.charges.length + 1}`,
        status: declined ? 'declined' : 'succeeded',
        idempotency_key: key,
        amount,
        currency,
        reference,
        ...(declined && { decline: { code: 'insufficient_funds', message: 'The card has not enough money.' } }),
      }
      this.charges.push(charge)
      return { status: declined ? 402 : 201, body: charge }
    })
  }

  refund(key: string, request: RefundRequest): ProviderAnswer {
    return this.#once(key, request, () => {
      const charge = this.charges.find(({ id, status }) => id === request.charge && status === 'succeeded')
      if (charge === undefined) return problem(422, 'charge_not_found')
      const given = this.refunds.filter((refund) => refund.charge === charge.id).map((refund) => refund.amount)
      if (Number(sumOf([...given, request.amount])) > Number(charge.amount)) return problem(422, 'refund_too_large')
      const { amount, currency } = request
      const id = `re_${this.refunds.length + 1}`
      const refund: ProviderRefund = {
        id,
        status: 'succeeded',
        idempotency_key: key,
        charge: charge.id,
        amount,
        currency,
      }
      this.refunds.push(refund)
      return { status: 201, body: refund }
    })
  }

  /** The second use of a key returns the first response, or 422 if the request differs. */
  #once(key: string, request: ChargeRequest | RefundRequest, act: () => ProviderAnswer): ProviderAnswer {
    const asked = JSON.stringify(request, Object.keys(request).toSorted())
    const before = this.#answers.get(key)
    if (before !== undefined) {
      if (before.asked !== asked) return problem(422, 'idempotency_mismatch')
      return { ...before.answer, status: before.answer.status === 201 ? 200 : before.answer.status }
    }
    const answer = act()
    // A rejected request is not stored: its key can be used again.
    if (answer.status !== 422) this.#answers.set(key, { asked, answer })
    return answer
  }

  #succeeded(reference: string): ProviderCharge[] {
    return this.charges.filter((charge) => charge.reference === reference && charge.status === 'succeeded')
  }
}

export function problem(status: number, code: string, message = code): ProviderAnswer {
  return { status, body: { error: { code, message } } }
}

/** Adds decimals without a float, so that a cent never gets lost in a test's own arithmetic. */
function sumOf(amounts: readonly string[]): string {
  const decimals = Math.max(0, ...amounts.map((amount) => amount.split('.')[1]?.length ?? 0))
  const sum = amounts.reduce((total, amount) => {
    const [whole = '0', fraction = ''] = amount.split('.')
    return total + BigInt(whole + fraction.padEnd(decimals, '0'))
  }, 0n)
  const digits = sum.toString().padStart(decimals + 1, '0')
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}
