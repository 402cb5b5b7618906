import { Item, Uuid } from '@order-saga/contracts'
import { type ApiDescription, type ApiExample, invalidField, notFound, Problem, unavailable } from '@order-saga/chassis'
import { explain } from '../domain/explain.ts'
import { newSaga } from '../domain/saga.ts'
import { orderAccess, read } from './access-rules.ts'
import { ExplainAnswer, explainAnswer } from './explain-answer.ts'
import { IdempotencyKey } from './idempotency-key.ts'
import { AcceptedAnswer, OrderAnswer, OrdersAnswer, SagaAnswer, SagasAnswer, SagaSummary } from './order-answer.ts'
import { NewOrderBody, OrdersQuery, SagasQuery } from './order-request.ts'

const orderId = '01a20624-344d-7692-affe-c4ec4716ba38'
const sagaId = '01a20624-344d-7692-affe-c9f15db7ed83'
const unknownId = '01a20624-0000-7000-8000-000000000000'
const [createdAt, deadline] = ['2026-11-23T02:02:45.709Z', '2026-11-23T02:04:15.709Z']

const newOrder = {
  customerId: 'cust-1',
  customerEmail: 'ann@example.com',
  items: [{ sku: 'BOOK', qty: 2 }],
  amount: 125.5,
  currency: 'USD',
}
const order = { orderId, sagaId, ...newOrder, status: 'pending', createdAt, updatedAt: createdAt }
const state = { status: 'pending', reason: null, compensation: 'none' }
const saga = { sagaId, orderId, ...state, deadline, createdAt, updatedAt: createdAt, finishedAt: null }
const event = '01a20624-344d-7692-affe-d1a0c0a1b2c3'
const history = [{ at: createdAt, event: 'order.created', eventId: event, direction: 'published', status: 'pending' }]
const facts = {
  sagaId,
  orderId,
  state: newSaga,
  createdAt: new Date(createdAt),
  deadline: new Date(deadline),
  finishedAt: null,
  since: new Date(createdAt),
  refundRequests: 0,
  refundDueAt: null,
  amount: '125.50',
  currency: 'USD',
  items: newOrder.items,
  undelivered: [
    {
      event: 'order.created',
      eventId: event,
      from: 'order',
      to: 'payment',
      state: 'in_outbox',
      since: new Date(createdAt),
    },
  ],
} as const
const now = new Date(createdAt)

const accepted = { status: 'accepted', orderId, sagaId, message: 'Order created, saga started' }
const json = { 'content-type': 'application/json' }
const key = (value: string): Record<string, string> => ({ ...json, 'Idempotency-Key': value })
const location = `/orders/${orderId}`
const post = (body: object, headers: Record<string, string> = json): ApiExample['request'] => ({
  method: 'POST',
  path: '/orders',
  headers,
  body,
})
const invalidParameter = (path: string): ApiExample => ({
  summary: 'an invalid parameter',
  request: { path: `${path}?limit=0` },
  response: invalidField('limit', 'must be an integer from 1 to 100'),
})
const unknown = (what: 'order' | 'saga', path = ''): ApiExample => ({
  summary: `no ${what} has this id`,
  request: { path: `/${what}s/${unknownId}${path}` },
  response: notFound(`The ${what} ${unknownId}`),
})
const notAnId = (what: 'order' | 'saga', path = ''): ApiExample => ({
  summary: 'not a UUID',
  request: { path: `/${what}s/17${path}` },
  response: new Problem(404, `There is no ${what} 17: its id is a UUID.`),
})
const repeated = 'the first request with this key is accepted'

/** The order API: its operations, with an example of each response. */
export const orderDescription: ApiDescription = {
  title: 'Order API',
  description: 'Accepts orders, and reports orders and their sagas. Amounts are exact decimals.',
  version: '1.0.0',
  schemas: {
    NewOrder: NewOrderBody,
    Item,
    Accepted: AcceptedAnswer,
    Order: OrderAnswer,
    Orders: OrdersAnswer,
    Saga: SagaAnswer,
    SagaSummary,
    Sagas: SagasAnswer,
    Explanation: ExplainAnswer,
  },
  access: orderAccess,
  samples: {
    path: '/orders',
    access: read,
    allow: 'GET, HEAD, OPTIONS, POST',
    write: { method: 'POST', path: '/orders' },
  },
  operations: [
    {
      id: 'createOrder',
      method: 'post',
      path: '/orders',
      summary: 'Accept an order',
      description:
        'Responds after the commit of order, saga and event. How many decimals an amount may have depends on its currency ' +
        '(ISO 4217: JPY 0, USD 2, KWD 3). After a 5xx or a lost connection the order may exist: repeat the request with ' +
        'the same Idempotency-Key.',
      parameters: { header: { 'Idempotency-Key': IdempotencyKey } },
      body: NewOrderBody,
      answer: AcceptedAnswer,
      examples: {
        accepted: {
          summary: 'an order',
          request: post(newOrder, key('cart-17')),
          response: { status: 202, headers: { location }, body: accepted },
        },
        repeated: {
          summary: 'the same request again',
          given: repeated,
          request: post(newOrder, key('cart-17')),
          response: { status: 202, headers: { location, 'idempotent-replayed': 'true' }, body: accepted },
        },
        invalidField: {
          summary: 'an invalid field',
          request: post({ ...newOrder, items: [{ sku: 'BOOK', qty: 0 }] }),
          response: invalidField('items.0.qty', 'must be an integer from 1 to 1000000'),
        },
        missingField: {
          summary: 'a missing field',
          request: post({ items: newOrder.items, amount: 125.5 }),
          response: invalidField('customerEmail', 'is required'),
        },
        unknownField: {
          summary: 'an unknown field',
          request: post({ ...newOrder, coupon: 'X' }),
          response: invalidField('coupon', 'is not a known field'),
        },
        decimalsOfCurrency: {
          summary: 'an amount with more decimals than its currency has',
          request: post({ ...newOrder, currency: 'JPY' }),
          response: invalidField('amount', 'must have no decimals for JPY'),
        },
        invalidKey: {
          summary: 'an empty Idempotency-Key',
          request: post(newOrder, key('')),
          response: invalidField('Idempotency-Key', 'must be given once, with 1 to 255 printable ASCII characters'),
        },
        keyInUse: {
          summary: 'the first request with the key is not complete',
          given: 'a request with this key is in progress',
          request: post(newOrder, key('cart-18')),
          response: new Problem(409, 'A request with this Idempotency-Key is still being worked on, try again.', {
            headers: { 'retry-after': '1' },
          }),
        },
        keyOfAnotherBody: {
          summary: 'the key was used with another body',
          given: repeated,
          request: post({ ...newOrder, amount: 1 }, key('cart-17')),
          response: new Problem(422, 'This Idempotency-Key was used for a request with another body.'),
        },
        tooManyOpenOrders: {
          summary: 'too many orders are open',
          given: 'MAX_OPEN_ORDERS sagas are open',
          request: post(newOrder),
          response: unavailable('Too many orders are in progress, try again.', 5),
        },
        tooManyRequests: {
          summary: 'too many orders are being accepted',
          given: 'one process accepts 1,000 orders at this moment',
          request: post(newOrder),
          response: unavailable('Too many orders are being accepted at once, try again.', 5),
        },
      },
    },
    {
      id: 'listOrders',
      method: 'get',
      path: '/orders',
      summary: 'List orders, newest first',
      parameters: { query: OrdersQuery.properties },
      answer: OrdersAnswer,
      examples: {
        page: {
          summary: 'the orders of a customer',
          request: { path: '/orders?customerId=cust-1&limit=20' },
          response: { status: 200, body: { orders: [order], nextCursor: null } },
        },
        invalidParameter: invalidParameter('/orders'),
      },
    },
    {
      id: 'readOrder',
      method: 'get',
      path: '/orders/{orderId}',
      summary: 'Read an order',
      parameters: { path: { orderId: Uuid } },
      answer: OrderAnswer,
      examples: {
        order: { summary: 'an order', request: { path: location }, response: { status: 200, body: order } },
        unknownOrder: unknown('order'),
        notAnId: notAnId('order'),
      },
    },
    {
      id: 'listSagas',
      method: 'get',
      path: '/sagas',
      summary: 'List sagas without their histories, newest first',
      parameters: { query: SagasQuery.properties },
      answer: SagasAnswer,
      examples: {
        page: {
          summary: 'pending sagas',
          request: { path: '/sagas?status=pending&limit=20' },
          response: { status: 200, body: { sagas: [saga], nextCursor: null } },
        },
        invalidParameter: invalidParameter('/sagas'),
      },
    },
    {
      id: 'readSaga',
      method: 'get',
      path: '/sagas/{sagaId}',
      summary: 'Read a saga with its history',
      parameters: { path: { sagaId: Uuid } },
      answer: SagaAnswer,
      examples: {
        saga: {
          summary: 'a new saga',
          request: { path: `/sagas/${sagaId}` },
          response: { status: 200, body: { ...saga, history } },
        },
        unknownSaga: unknown('saga'),
        notAnId: notAnId('saga'),
      },
    },
    {
      id: 'explainSaga',
      method: 'get',
      path: '/sagas/{sagaId}/explain',
      summary: 'Explain the state of a saga and its possible next steps',
      parameters: { path: { sagaId: Uuid } },
      answer: ExplainAnswer,
      examples: {
        explanation: {
          summary: 'a new saga',
          request: { path: `/sagas/${sagaId}/explain` },
          response: { status: 200, body: explainAnswer(facts, explain(facts, {}, now), now) },
        },
        unknownSaga: unknown('saga', '/explain'),
        notAnId: notAnId('saga', '/explain'),
      },
    },
  ],
}
