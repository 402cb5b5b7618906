import type { MutantsByPromise } from '../mutant.ts'

const saga = 'services/order/src/domain/saga.ts'
const insertOrders = 'services/order/src/store/insert-orders.ts'

export const orders: MutantsByPromise = {
  'An order answered with 202 is stored and will be processed.': [
    {
      name: 'order-without-event',
      file: 'services/order/src/accept-orders.ts',
      original: 'append(OrderCreated, createdPayload(order, deadline), { orderId, sagaId, traceparent }, eventId)',
      replacement:
        'if (eventId === "") append(OrderCreated, createdPayload(order, deadline), { orderId, sagaId, traceparent })',
      test: 'stores the order, its saga and its event together',
    },
    {
      name: 'order-without-saga',
      file: insertOrders,
      original: 'SELECT saga_id, order_id, $13, history::jsonb, traceparent, $12, $12 FROM accepted',
      replacement: 'SELECT saga_id, order_id, $13, history::jsonb, traceparent, $12, $12 FROM accepted WHERE false',
      test: 'stores the order, its saga and its event together',
    },
  ],
  'One `Idempotency-Key` creates one order, for any number of processes and requests.': [
    {
      name: 'order-without-claimed-key',
      file: insertOrders,
      original: 'FROM requested WHERE key IS NULL OR order_id IN (SELECT order_id FROM claimed)',
      replacement: 'FROM requested',
      test: 'creates one order from sixty concurrent posts in two processes',
    },
  ],
  'Every order reaches a final status, at its deadline at the latest, even if a service is down.': [
    {
      name: 'charge-after-deadline',
      file: 'services/payment/src/domain/payment.ts',
      original: 'return expired || payment.cancelSeen ? late',
      replacement: 'return payment.cancelSeen ? late',
      test: 'starts no charge at or after the deadline, nor once the cancellation was seen',
    },
    {
      name: 'deadline-not-checked',
      file: 'services/order/src/store/sagas.ts',
      original: 's.timeout_at <= $1',
      replacement: "s.timeout_at <= $1::timestamptz - interval '1 day'",
      test: 'cancels every order, and payment charges none of them after its restart',
    },
  ],
  'An order is confirmed or cancelled, never both, and stays so.': [
    {
      name: 'confirmed-after-cancellation',
      file: saga,
      original: 'return afterCancel(saga, input)',
      replacement: "return decide({ ...saga, status: 'pending' }, input)",
      test: 'never leaves a final state for another status',
    },
  ],
  'An order is confirmed only with a payment and a reservation that match it.': [
    {
      name: 'confirmed-by-reservation-alone',
      file: saga,
      original: 'return saga.reservationSeen ? late : to(saga, { reservationSeen: true })',
      replacement: 'return confirm(saga)',
      test: 'is confirmed only after a matching payment and a matching reservation',
    },
    {
      name: 'confirmed-by-any-amount',
      file: 'services/order/src/reactions/match.ts',
      original: 'return minor !== undefined && minor === minorUnitsOf(paid.amount, paid.currency)',
      replacement: 'return minor !== undefined && minorUnitsOf(paid.amount, paid.currency) !== undefined',
      test: 'a payment of another amount does not confirm it: the deadline requests the refund',
    },
    {
      name: 'both-proofs-not-checked',
      file: 'services/order/src/store/sagas.ts',
      original: "WHERE s.status = 'payment_completed' AND s.reservation_seen",
      replacement: 'WHERE false',
      test: 'one that an older release left open with both proofs is completed long before its deadline',
    },
  ],
}
