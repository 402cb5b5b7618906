/** The provider's reply to a charge. A decline is its explicit "no"; everything else that is not a charge is thrown. */
export type ChargeResult =
  { readonly kind: 'charged'; readonly chargeId: string } | { readonly kind: 'declined'; readonly detail: string }

export interface Charge {
  /** Idempotency key, the same for every repetition of this charge: `charge:<orderId>`. */
  readonly key: string
  readonly orderId: string
  /** Exact decimal with the currency's own number of decimals, greater than 0. */
  readonly amount: string
  readonly currency: string
  readonly customerEmail: string
  readonly deadline: Date
}

export interface Refund {
  /** Idempotency key, the same for every repetition of this refund: `refund:<orderId>`. */
  readonly key: string
  readonly orderId: string
  readonly chargeId: string
  readonly amount: string
  readonly currency: string
}

/**
 * The way to the provider that moves the money.
 *
 * `charge` and `refund` have an effect at most once per key, however often they are called. Both throw
 * `OutcomeUnknown` when the effect may or may not have happened (time limit, cut connection, 5xx, an answer that makes
 * no sense) and `GatewayUnavailable` when it certainly has not (refused connection, 401, 403, 429).
 * `findCharge` and `findRefund` return the effect of a key, undefined when the provider has never seen it.
 */
export interface PaymentGateway {
  charge(charge: Charge): Promise<ChargeResult>
  findCharge(key: string): Promise<ChargeResult | undefined>
  refund(refund: Refund): Promise<{ readonly refundId: string }>
  findRefund(key: string): Promise<{ readonly refundId: string } | undefined>
  /** The longest a call may last, in milliseconds; after it the outcome is unknown. */
  readonly timeLimitMs: number
}

/** The effect may have happened or not: only a look-up by key shows it. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown'
}

/** The effect has certainly not happened, and another attempt now would fail too. */
export class GatewayUnavailable extends Error {
  override readonly name = 'GatewayUnavailable'
}
