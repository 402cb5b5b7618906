import type { PaymentRecord } from '../store/payments.ts'
import type { GatewayAccess } from './charge.ts'
import type { AttemptResult } from './record-results.ts'

export interface RefundOptions {
  /** Queries the gateway by key before it sends the refund: an earlier attempt may have succeeded. */
  readonly lookUp: boolean
  /** Whether the provider still keeps the key of an earlier attempt. */
  readonly mayRepeat: boolean
}

/** Refunds the order's charge, at most once. */
export async function refund(
  payment: PaymentRecord,
  { lookUp, mayRepeat }: RefundOptions,
  { gateway, time }: GatewayAccess,
): Promise<AttemptResult> {
  const { orderId, chargeId, order } = payment
  if (chargeId === null || order === null) return { input: undefined }
  const key = `refund:${orderId}`
  const { amount, currency } = order
  const found = lookUp ? await time('find_refund', payment, () => gateway.findRefund(key)) : undefined
  if (found === undefined && !mayRepeat) return { input: undefined }
  const { refundId } =
    found ?? (await time('refund', payment, () => gateway.refund({ key, orderId, chargeId, amount, currency })))
  return { input: { on: 'refund.succeeded' }, refundId }
}
