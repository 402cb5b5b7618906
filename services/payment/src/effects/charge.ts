import { setMaxListeners } from 'node:events'
import { Breaker, DependencyUnavailable, type Log, messageOf, traceIdOf } from '@order-saga/chassis'
import { isExpired } from '../domain/unseen-charge.ts'
import { type ChargeResult, GatewayUnavailable, type PaymentGateway } from '../gateway/payment-gateway.ts'
import type { GatewayTimer } from '../payment-metrics.ts'
import type { OrderDetails, PaymentRecord } from '../store/payments.ts'
import type { AttemptResult } from './record-results.ts'

export interface GatewayAccess {
  readonly gateway: PaymentGateway
  readonly now: () => Date
  readonly log: Log
  readonly time: GatewayTimer
  readonly onBreakerChange?: (state: 'open' | 'closed', reason: string) => void
}

export const chargeKey = (orderId: string): string => `charge:${orderId}`

/** Sends charges to the gateway. While the gateway is unavailable, all of them wait for one trial. */
export class Charger {
  readonly #options: GatewayAccess
  readonly #breaker: Breaker
  readonly #stop = new AbortController()

  constructor(options: GatewayAccess) {
    this.#options = options
    // Each waiting charge adds a listener.
    setMaxListeners(0, this.#stop.signal)
    this.#breaker = new Breaker({
      name: 'payment gateway',
      // One lost connection or one slow answer is not an outage; a deadline of 90 s allows several trials.
      threshold: 5,
      waitMs: 500,
      maxWaitMs: 10_000,
      ...(options.onBreakerChange && { onChange: options.onBreakerChange }),
    })
  }

  /** Charges that wait for the gateway to become available fail; a call in flight completes. */
  stop(): void {
    this.#stop.abort(new DependencyUnavailable('this process', 'it is stopping'))
  }

  /**
   * @returns no input when the result is unknown: the sweeper finds it out
   * @throws DependencyUnavailable when certainly nothing was charged
   */
  async charge(payment: PaymentRecord): Promise<AttemptResult> {
    const { now, log } = this.#options
    const { orderId, sagaId, order, traceparent } = payment
    if (order === null) return { input: undefined }
    let unknown: unknown
    const send = async (): Promise<AttemptResult> => {
      // The last moment before money may move.
      if (isExpired(order.deadline, now())) return { input: undefined }
      try {
        return await sendCharge(payment, order, this.#options)
      } catch (error) {
        if (!(error instanceof GatewayUnavailable)) unknown = error
        // The breaker counts both.
        throw new DependencyUnavailable('payment gateway', error)
      }
    }
    try {
      return await this.#breaker.run(send, this.#waitLimit(order.deadline))
    } catch (error) {
      if (error instanceof DependencyUnavailable && unknown === undefined) throw error
      const reason = messageOf(unknown ?? error)
      log.warn({ orderId, sagaId, traceId: traceIdOf(traceparent), reason }, 'the result of a charge is unknown')
      return { input: undefined }
    }
  }

  /** Waiting for an unavailable gateway ends with the process, or at the deadline, when it is too late to charge. */
  #waitLimit(deadline: Date): AbortSignal {
    if (!this.#breaker.isOpen) return this.#stop.signal
    const leftMs = Math.max(0, deadline.getTime() - this.#options.now().getTime())
    return AbortSignal.any([this.#stop.signal, AbortSignal.timeout(leftMs)])
  }
}

/** One request under the order's key: a repetition charges no second time. */
export async function sendCharge(
  payment: PaymentRecord,
  { amount, currency, customerEmail, deadline }: OrderDetails,
  { gateway, time }: GatewayAccess,
): Promise<AttemptResult> {
  const { orderId } = payment
  const charge = { key: chargeKey(orderId), orderId, amount, currency, customerEmail, deadline }
  return resultOf(await time('charge', payment, () => gateway.charge(charge)))
}

export function resultOf(result: ChargeResult): AttemptResult {
  return result.kind === 'charged'
    ? { input: { on: 'charge.succeeded' }, chargeId: result.chargeId }
    : { input: { on: 'charge.declined' }, detail: result.detail }
}
