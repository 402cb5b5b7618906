import type { History } from '../history.ts'

/** Compares the provider's ledger, per order and in total, with the final status of orders and payments. */
export function checkMoney({ orders, payments, charges, refunds }: History): string[] {
  const found: string[] = []
  const orderOfCharge = new Map(charges.map(({ id, reference }) => [id, reference]))
  const charged = sums(charges.filter(({ status }) => status === 'succeeded').map((c) => [c.reference, c.amount]))
  const refunded = sums(refunds.map(({ charge, amount }) => [orderOfCharge.get(charge) ?? 'of no charge', amount]))
  const paymentStatus = new Map(payments.map(({ orderId, status }) => [orderId, status]))
  let owed = 0n
  for (const { orderId, status, amount } of orders) {
    const [charge, refund] = [charged.get(orderId) ?? 0n, refunded.get(orderId) ?? 0n]
    const price = cents(amount)
    if (status === 'confirmed') {
      owed += price
      if (charge - refund !== price)
        found.push(`order ${orderId} is confirmed at ${price} cents, and ${charge - refund} are kept`)
      if (refund !== 0n) found.push(`order ${orderId} is confirmed, and ${refund} cents were refunded`)
      if (paymentStatus.get(orderId) !== 'charged')
        found.push(`order ${orderId} is confirmed, its payment is not charged`)
    }
    if (status === 'cancelled' && charge !== refund)
      found.push(`order ${orderId} is cancelled, and ${charge - refund} cents are kept`)
    if (status === 'cancelled' && charge > 0n && paymentStatus.get(orderId) !== 'refunded') {
      found.push(`order ${orderId} is cancelled and was charged, its payment is not refunded`)
    }
  }
  const kept = total(charged) - total(refunded)
  if (kept !== owed) found.push(`${kept} cents are kept in total, and confirmed orders amount to ${owed}`)
  return found
}

function sums(entries: readonly (readonly [string, string])[]): Map<string, bigint> {
  const summed = new Map<string, bigint>()
  for (const [key, amount] of entries) summed.set(key, (summed.get(key) ?? 0n) + cents(amount))
  return summed
}

const total = (amounts: ReadonlyMap<string, bigint>): bigint =>
  [...amounts.values()].reduce((sum, one) => sum + one, 0n)

/** Exact for decimals with at most two significant fraction digits. */
function cents(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.split('.')
  return BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0').slice(0, 2))
}
