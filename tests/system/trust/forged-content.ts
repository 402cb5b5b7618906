import { randomUUID } from 'node:crypto'
import type { EventName } from '@order-saga/contracts'
import type { PlacedOrder } from '../../support/shop.ts'
import { type Attempt, claimedEvent, isHarmless } from './attempts.ts'

/** An open and a confirmed order, of which each event would change one if it were accepted. */
export interface Targets {
  readonly open: PlacedOrder
  readonly confirmed: PlacedOrder
  /** Of both orders. */
  readonly items: readonly { readonly sku: string; readonly qty: number }[]
}

const deadline = '2999-01-01T00:00:00.000Z'
const money = { amount: '12.50', currency: 'USD' }

/**
 * The body of a message. One of which a copy is accepted has a malformed payload, so that its consumer reads it and changes
 * nothing; any other is a valid event of an existing order.
 */
export function contentOf(attempt: Attempt, targets: Targets): string {
  const name = claimedEvent(attempt)
  const { orderId, sagaId } = ofConfirmed.includes(name) ? targets.confirmed : targets.open
  const payload = isHarmless(attempt) ? payloadOf(name, targets) : []
  const timestamp = new Date().toISOString()
  return JSON.stringify({ eventId: randomUUID(), sagaId, orderId, timestamp, payload })
}

const ofConfirmed: readonly EventName[] = ['payment.refund.requested', 'payment.refunded']

function payloadOf(name: EventName, { items }: Targets): object {
  const order = { customerEmail: 'attacker@example.com', items, ...money }
  switch (name) {
    case 'order.created':
      return { ...order, deadline }
    case 'payment.completed':
      return { ...order, paymentId: randomUUID(), deadline }
    case 'payment.failed':
      return { reason: 'declined', detail: '' }
    case 'inventory.reserved':
      return { reservationId: randomUUID(), items }
    case 'inventory.failed':
      return { reason: 'out_of_stock', detail: '' }
    case 'payment.refund.requested':
      return { reason: 'compensation' }
    case 'payment.refunded':
      return { refundId: randomUUID(), ...money, customerEmail: 'attacker@example.com' }
    case 'order.confirmed':
      return order
    case 'order.cancelled':
      return { ...order, reason: 'timeout' }
  }
}
