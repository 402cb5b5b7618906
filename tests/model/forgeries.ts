import type { EventName } from '@order-saga/contracts'
import { created, quantity, sku } from './order-under-test.ts'

/** An event that no service has published. It may be delivered at any moment. */
export interface Forgery {
  readonly label: string
  readonly name: EventName
  readonly payload: Readonly<Record<string, unknown>>
}

const { amount, currency } = created
const items = [{ sku, qty: quantity - 1 }]

/** Events that are not the order's. */
export const forgeries = {
  amount: {
    label: 'a payment of another amount',
    name: 'payment.completed',
    payload: { paymentId: 'forged', ...created, amount: '0.01' },
  },
  paidItems: {
    label: 'a payment of other items',
    name: 'payment.completed',
    payload: { paymentId: 'forged', ...created, items },
  },
  reservedItems: {
    label: 'a reservation of other items',
    name: 'inventory.reserved',
    payload: { reservationId: 'forged', items },
  },
  refund: {
    label: 'a refund of another amount',
    name: 'payment.refunded',
    payload: { refundId: 'forged', amount: `1${amount}`, currency },
  },
} as const satisfies Record<string, Forgery>
