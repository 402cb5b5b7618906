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
}
