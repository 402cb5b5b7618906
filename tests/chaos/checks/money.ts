import type { History } from '../history.ts'

/** What the provider's books say, order by order and in all, against how the orders ended and what payment believes. */
export function checkMoney({ orders, payments, charges, refunds }: History): string[] {
  const found: string[] = []
  const orderOfCharge = new Map(charges.map(({ id, reference }) => [id, reference]))
  const taken = sums(charges.filter(({ status }) => status === 'succeeded').map((c) => [c.reference, c.amount]))
  const given = sums(refunds.map(({ charge, amount }) => [orderOfCharge.get(charge) ?? 'of no charge', amount]))
  const believed = new Map(payments.map(({ orderId, status }) => [orderId, status]))
  let owed = 0n
  for (const { orderId, status, amount } of orders) {
    const [took, gave] = [taken.get(orderId) ?? 0n, given.get(orderId) ?? 0n]
    const price = cents(amount)
    if (status === 'confirmed') {
      owed += price
      if (took - gave !== price)
        found.push(`order ${orderId} is confirmed at ${price} cents, and ${took - gave} are kept`)
      if (gave !== 0n) found.push(`order ${orderId} is confirmed, and ${gave} cents were given back`)
      if (believed.get(orderId) !== 'charged') found.push(`order ${orderId} is confirmed, its payment is not charged`)
    }
    if (status === 'cancelled' && took !== gave)
      found.push(`order ${orderId} is cancelled, and ${took - gave} cents are kept`)
    if (status === 'cancelled' && took > 0n && believed.get(orderId) !== 'refunded') {
      found.push(`order ${orderId} is cancelled and was charged, its payment is not refunded`)
    }
  }
  const kept = total(taken) - total(given)
  if (kept !== owed) found.push(`${kept} cents are kept in all, and ${owed} are owed for confirmed orders`)
  return found
}

function sums(entries: readonly (readonly [string, string])[]): Map<string, bigint> {
  const summed = new Map<string, bigint>()
  for (const [key, amount] of entries) summed.set(key, (summed.get(key) ?? 0n) + cents(amount))
  return summed
}

const total = (amounts: ReadonlyMap<string, bigint>): bigint =>
  [...amounts.values()].reduce((sum, one) => sum + one, 0n)

/** Exact: of a decimal with at most two digits that count. */
function cents(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.split('.')
  return BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0').slice(0, 2))
}
