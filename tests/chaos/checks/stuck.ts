import type { History } from '../history.ts'

const finalSagas = new Set(['completed', 'cancelled', 'timeout_cancelled'])

/** Finds requests, orders, sagas, payments, reservations, events and messages that are not completed. */
export function checkStuck(history: History): string[] {
  const { orderRequests, orders, sagas, payments, reservations, events, queues } = history
  const sagaOf = new Set(sagas.map(({ orderId }) => orderId))
  return [
    ...orderRequests.filter(({ outcome }) => outcome === 'open').map(({ customer }) => `${customer} got no response`),
    ...orders.filter(({ orderId }) => !sagaOf.has(orderId)).map(({ orderId }) => `order ${orderId} has no saga`),
    ...orders.filter(({ status }) => status === 'pending').map(({ orderId }) => `order ${orderId} is pending`),
    ...sagas
      .filter(({ status, compensation }) => !finalSagas.has(status) || compensation === 'refund_requested')
      .map(({ sagaId, status, compensation }) => `saga ${sagaId} is ${status}, compensation ${compensation}`),
    ...payments
      .filter(({ status }) => status === 'charging' || status === 'refunding')
      .map(({ orderId, status }) => `the payment of order ${orderId} is ${status}`),
    ...reservations
      .filter(({ status }) => status === 'reserved')
      .map(({ orderId }) => `stock is still reserved for order ${orderId}`),
    ...events
      .filter(({ published, parked }) => parked || !published)
      .map(({ eventId, name, parked }) => `${name} ${eventId} is ${parked ? 'parked' : 'unpublished'}`),
    ...Object.entries(queues).map(([queue, count]) => `${queue} has ${count} messages`),
  ]
}
