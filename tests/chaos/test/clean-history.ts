import { randomUUID } from 'node:crypto'
import type { Store } from '../../support/databases.ts'
import type { DeadLetterRecord, EventRecord, History, OrderRequest, Item } from '../history.ts'

/** A history that tests can modify. */
export type MutableHistory = Omit<
  { -readonly [K in keyof History]: Entries<History[K]> },
  'apiStatuses' | 'processed'
> & {
  apiStatuses: Map<string, string>
  processed: Record<Store, Set<string>>
}
type Entries<T> = T extends readonly (infer E)[] ? Writable<E>[] : Writable<T>
type Writable<T> = { -readonly [K in keyof T]: T[K] }

export const sku = 'SKU-1'
export const [confirmed, cancelled] = [ids('confirmed'), ids('cancelled')]

function ids(name: string): { orderId: string; sagaId: string; customer: string; charge: string } {
  return { orderId: randomUUID(), sagaId: randomUUID(), customer: `${name}@example.com`, charge: `ch_${name}` }
}

export function cleanHistory(): MutableHistory {
  const items: Item[] = [{ sku, qty: 2 }]
  const events = [...eventsOf(confirmed, confirmedEvents), ...eventsOf(cancelled, refundedEvents)]
  const processedBy = (...names: string[]): Set<string> =>
    new Set(events.filter(({ name }) => names.includes(name)).map(({ eventId }) => eventId))
  const mailed = events.filter(({ mailTo }) => mailTo !== null)
  return {
    orderRequests: [requestOf(confirmed, items), requestOf(cancelled, items)],
    orders: [
      { ...idsOf(confirmed), items, amount: '12.50', status: 'confirmed' },
      { ...idsOf(cancelled), items, amount: '12.50', status: 'cancelled' },
    ],
    sagas: [
      { sagaId: confirmed.sagaId, orderId: confirmed.orderId, status: 'completed', compensation: 'none' },
      { sagaId: cancelled.sagaId, orderId: cancelled.orderId, status: 'cancelled', compensation: 'refunded' },
    ],
    apiStatuses: new Map([
      [confirmed.orderId, 'confirmed'],
      [cancelled.orderId, 'cancelled'],
    ]),
    payments: [
      { orderId: confirmed.orderId, status: 'charged' },
      { orderId: cancelled.orderId, status: 'refunded' },
    ],
    reservations: [
      { orderId: confirmed.orderId, status: 'committed', items },
      { orderId: cancelled.orderId, status: 'rejected', items },
    ],
    stock: [{ sku, received: 10, available: 8, reserved: 0, shipped: 2 }],
    events,
    processed: {
      order: processedBy('payment.completed', 'inventory.reserved', 'inventory.failed', 'payment.refunded'),
      payment: processedBy('order.created', 'payment.refund.requested', 'order.cancelled'),
      inventory: processedBy('payment.completed', 'order.confirmed', 'order.cancelled'),
    },
    queues: {},
    deadLetters: [deadLetter('injected')],
    malformed: [{ messageId: 'injected', confirmed: true, consumers: 1 }],
    charges: [chargeOf(confirmed), chargeOf(cancelled)],
    refunds: [
      {
        id: 're_1',
        status: 'succeeded',
        idempotency_key: `refund:${cancelled.orderId}`,
        charge: cancelled.charge,
        amount: '12.50',
        currency: 'USD',
      },
    ],
    // The last one twice: at least once.
    mails: [...mailed, ...mailed.slice(-1)].map(({ eventId, mailTo }) => ({
      messageId: `<${eventId}@example.com>`,
      to: mailTo ?? '',
    })),
    exits: [],
    audit: [],
  }
}

export function deadLetter(messageId: string): DeadLetterRecord {
  return { service: 'order', messageId, reason: 'no JSON' }
}

type Ids = ReturnType<typeof ids>
type EventSequence = readonly (readonly [EventRecord['store'], string])[]

const confirmedEvents: EventSequence = [
  ['order', 'order.created'],
  ['payment', 'payment.completed'],
  ['inventory', 'inventory.reserved'],
  ['order', 'order.confirmed'],
]
const refundedEvents: EventSequence = [
  ['order', 'order.created'],
  ['payment', 'payment.completed'],
  ['inventory', 'inventory.failed'],
  ['order', 'payment.refund.requested'],
  ['payment', 'payment.refunded'],
  ['order', 'order.cancelled'],
]
const withMail = new Set(['order.confirmed', 'order.cancelled', 'payment.refunded'])

/** Each event is caused by the previous one. */
function eventsOf({ orderId, customer }: Ids, sequence: EventSequence): EventRecord[] {
  let causationId: string | null = null
  return sequence.map(([store, name]) => {
    const eventId = randomUUID()
    const mailTo = withMail.has(name) ? customer : null
    const event = { store, eventId, orderId, name, causationId, published: true, parked: false, mailTo }
    causationId = eventId
    return event
  })
}

function idsOf({ orderId, sagaId, customer }: Ids): { orderId: string; sagaId: string; customer: string } {
  return { orderId, sagaId, customer }
}

function requestOf({ orderId, sagaId, customer }: Ids, items: readonly Item[]): OrderRequest {
  const accepted = { at: 0, tookMs: 5, result: 202, orderId, sagaId }
  return {
    customer,
    key: randomUUID(),
    items,
    amount: 12.5,
    singleAttempt: false,
    repeatsAccepted: true,
    attempts: [
      { at: 0, tookMs: 5, result: 'ECONNRESET' },
      { at: 0, tookMs: 5, result: 409 },
      { at: 0, tookMs: 5, result: 503, retryAfter: '2' },
      accepted,
      accepted,
    ],
    outcome: 'accepted',
  }
}

function chargeOf({ orderId, charge }: Ids): History['charges'][number] {
  return {
    id: charge,
    status: 'succeeded',
    idempotency_key: `charge:${orderId}`,
    amount: '12.50',
    currency: 'USD',
    reference: orderId,
  }
}
