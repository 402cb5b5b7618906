// needs: database
import assert from 'node:assert/strict'
import { checkerOf, OrderCreated } from '@order-saga/contracts'
import { encode } from '@order-saga/chassis'
import { AcceptedAnswer } from '../../src/http/order-answer.ts'
import { OrderApi, orderDatabase, sagaTimeoutMs, someOrder } from './order-api.ts'

const checkAnswer = checkerOf(AcceptedAnswer)

describe('POST /orders', () => {
  let api: OrderApi
  before(async () => {
    await orderDatabase('post_order')
    api = await OrderApi.start({ database: 'post_order' })
  })
  after(async () => await api.close())

  async function rows(table: string, orderId: unknown): Promise<Record<string, unknown>[]> {
    return await api.database.query({ name: `test-${table}`, text: `SELECT * FROM ${table} WHERE order_id = $1` }, [
      orderId,
    ])
  }

  it('accepts the order of the README and returns its location', async () => {
    const answer = await api.post(
      '{"customerId": "cust-1001", "customerEmail": "user@example.com", "items": [{"sku":"SKU-1","qty":2}], "amount": 125.50, "currency": "USD"}',
    )
    assert.equal(answer.status, 202, answer.text)
    const checked = checkAnswer(answer.json)
    assert.ok(checked.ok, JSON.stringify(checked))
    assert.equal(answer.json['message'], 'Order created, saga started')
    assert.equal(answer.headers.get('location'), `/orders/${checked.value.orderId}`)
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(answer.headers.get('idempotent-replayed'), null)
    assert.equal(answer.headers.get('x-powered-by'), null)
  })

  it('stores the order, its saga and its event together', async () => {
    const accepted = api.accepted
    const { json } = await api.post(someOrder({ customerId: 'cust-7', amount: 0.1, currency: 'BHD' }))
    const [order] = await rows('orders', json['orderId'])
    assert.equal(order?.['saga_id'], json['sagaId'])
    assert.equal(order?.['customer_id'], 'cust-7')
    assert.deepEqual(order?.['items'], [{ sku: 'SKU-1', qty: 2 }])
    assert.equal(order?.['amount'], '0.100')
    assert.equal(order?.['currency'], 'BHD')
    assert.equal(order?.['status'], 'pending')

    const [event] = await rows('events', json['orderId'])
    const createdAt = event?.['created_at'] as Date
    assert.equal(event?.['routing_key'], 'order.created')
    assert.equal(event?.['saga_id'], json['sagaId'])
    const payload = event?.['payload'] as Record<string, unknown>
    assert.deepEqual(OrderCreated.check(payload), { ok: true, value: payload })
    assert.equal(payload['amount'], '0.100')
    const deadline = new Date(createdAt.getTime() + sagaTimeoutMs)
    assert.equal(payload['deadline'], deadline.toISOString())

    const [saga] = await rows('saga_instances', json['orderId'])
    assert.equal(saga?.['saga_id'], json['sagaId'])
    assert.equal(saga?.['status'], 'pending')
    assert.deepEqual(saga?.['timeout_at'], deadline)
    assert.deepEqual(saga?.['history'], [
      {
        at: createdAt.toISOString(),
        event: 'order.created',
        eventId: event?.['event_id'],
        direction: 'published',
        status: 'pending',
      },
    ])
    assert.equal(api.accepted, accepted + 1)
  })

  it('passes the stored event with its lease to the relay after the commit', async () => {
    const { json } = await api.post(someOrder())
    const [event] = await rows('events', json['orderId'])
    const offered = api.offered.find(({ orderId }) => orderId === json['orderId'])
    assert.ok(offered)
    assert.equal(offered.eventId, event?.['event_id'])
    const envelope = JSON.parse(String(encode(offered))) as { payload: unknown }
    assert.deepEqual(envelope.payload, event?.['payload'])
    assert.ok((event?.['lease_until'] as Date) > (event?.['created_at'] as Date))
  })

  it('leaves the event to the poll when this process cannot publish', async () => {
    api.relayAccepts = false
    try {
      const { json } = await api.post(someOrder())
      const [event] = await rows('events', json['orderId'])
      assert.deepEqual(event?.['lease_until'], event?.['created_at'])
      assert.equal(
        api.offered.find(({ orderId }) => orderId === json['orderId']),
        undefined,
      )
    } finally {
      api.relayAccepts = true
    }
  })

  it('needs neither customerId nor currency', async () => {
    const { customerEmail, items, amount } = someOrder({ amount: 100 })
    const answer = await api.post({ customerEmail, items, amount })
    assert.equal(answer.status, 202, answer.text)
    const [order] = await rows('orders', answer.json['orderId'])
    assert.equal(order?.['customer_id'], null)
    assert.equal(order?.['currency'], 'USD')
    const [event] = await rows('events', answer.json['orderId'])
    assert.equal((event?.['payload'] as { amount: string } | undefined)?.amount, '100.00')
  })

  const accepted: [string, Record<string, unknown>][] = [
    ['the largest amount', { amount: 999_999_999.99 }],
    ['the smallest amount', { amount: 0.01 }],
    ['yen', { amount: 100, currency: 'JPY' }],
    ['the largest quantity', { items: [{ sku: 'A', qty: 1_000_000 }] }],
    ['five hundred items', { items: Array.from({ length: 500 }, (_, i) => ({ sku: `SKU-${i}`, qty: 1 })) }],
    ['a sku of 64 characters', { items: [{ sku: `a${'/ %"'.repeat(15)}'\\b`, qty: 1 }] }],
    ['a name in any script', { customerId: 'Zoë 顧客 👩🏽‍🚀', customerEmail: 'zoë@example.com' }],
  ]
  for (const [name, changes] of accepted) {
    it(`takes ${name}`, async () => {
      const answer = await api.post(someOrder(changes))
      assert.equal(answer.status, 202, answer.text)
    })
  }

  it("continues the client's trace, and ignores an invalid one", async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const traced = await api.post(someOrder(), { traceparent })
    assert.equal((await rows('events', traced.json['orderId']))[0]?.['traceparent'], traceparent)
    const untraced = await api.post(someOrder(), { traceparent: "00-'); DROP TABLE orders; --" })
    assert.equal(untraced.status, 202)
    assert.equal((await rows('events', untraced.json['orderId']))[0]?.['traceparent'], null)
  })

  it('stores many concurrent orders in few transactions', async () => {
    const before = await api.counts()
    const answers = await Promise.all(Array.from({ length: 200 }, () => api.post(someOrder())))
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [202])
    assert.equal(new Set(answers.map(({ json }) => json['orderId'])).size, 200)
    const { orders, sagas, events } = await api.counts()
    assert.deepEqual([orders, sagas, events], [before.orders + 200, before.sagas + 200, before.events + 200])
    const [row] = await api.database.query<{ transactions: number }>({
      name: 'test-transactions',
      text: 'SELECT count(DISTINCT xmin::text) AS transactions FROM orders',
    })
    assert.ok((row?.transactions ?? 0) < 150, `${row?.transactions} transactions`)
  })
})
