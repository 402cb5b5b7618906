import type { EventName } from '@order-saga/contracts'

const items = [{ sku: 'BOOK', qty: 2 }]
const order = { customerEmail: 'ann@example.com', items, amount: '125.50', currency: 'USD' }
const deadline = '2026-11-23T02:04:15.709Z'

/** A payload of each event as its publisher writes it now. */
export const eventExamples: Readonly<Record<EventName, Readonly<Record<string, unknown>>>> = {
  'order.created': { customerId: 'cust-1', ...order, deadline },
  'order.confirmed': order,
  'order.cancelled': { ...order, reason: 'timeout' },
  'payment.completed': { paymentId: '01a20624-344d-7692-affe-000000000001', ...order, deadline },
  'payment.failed': { reason: 'declined', detail: 'insufficient funds' },
  'payment.refund.requested': { reason: 'timeout' },
  'payment.refunded': { refundId: 'sim-1', amount: '125.50', currency: 'USD', customerEmail: 'ann@example.com' },
  'inventory.reserved': { reservationId: '01a20624-344d-7692-affe-000000000002', items },
  'inventory.failed': { reason: 'out_of_stock', detail: 'out_of_stock: BOOK' },
}
