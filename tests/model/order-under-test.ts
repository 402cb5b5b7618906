import type { OrderCreated, PayloadOf } from '@order-saga/contracts'
import { deadlineMs } from './clock.ts'

export const sagaId = 'the-saga'
export const orderId = 'the-order'
export const sku = 'SKU'
export const quantity = 2

/** The one order the model follows. */
export const created: PayloadOf<typeof OrderCreated> = {
  customerEmail: 'customer@example.com',
  items: [{ sku, qty: quantity }],
  amount: '10.00',
  currency: 'USD',
  deadline: new Date(deadlineMs).toISOString(),
}
