// needs: database
import assert from 'node:assert/strict'
import { checkerOf } from '@order-saga/contracts'
import { OrderAnswer, OrdersAnswer } from '../../src/http/order-answer.ts'
import { type Answer, OrderApi, orderDatabase, someOrder } from './order-api.ts'

const checkOrder = checkerOf(OrderAnswer)
const checkPage = checkerOf(OrdersAnswer)

function page(answer: Answer): { ids: string[]; nextCursor: string | null } {
  assert.equal(answer.status, 200, answer.text)
  const checked = checkPage(answer.json)
  assert.ok(checked.ok, JSON.stringify(checked))
  return { ids: checked.value.orders.map(({ orderId }) => orderId), nextCursor: checked.value.nextCursor }
}

describe('GET /orders', () => {
  let api: OrderApi
  /** Oldest first; the third of every three is confirmed, and every other one is Ann's. */
  const orders: { orderId: string; body: Record<string, unknown> }[] = []
  before(async () => {
    await orderDatabase('read_orders')
    api = await OrderApi.start({ database: 'read_orders' })
    for (let i = 0; i < 30; i += 1) {
      const body = someOrder({ customerId: i % 2 === 0 ? 'ann & söhne' : `cust-${i}` })
      orders.push({ orderId: String((await api.post(body)).json['orderId']), body })
    }
    const confirmed = orders.filter((_, i) => i % 3 === 2).map(({ orderId }) => orderId)
    await api.database.query(
      { name: 'test-confirm', text: `UPDATE orders SET status = 'confirmed' WHERE order_id = ANY($1::uuid[])` },
      [confirmed],
    )
  })
  after(async () => await api.close())

  const newestFirst = (wanted: (i: number) => boolean): string[] =>
    orders
      .filter((_, i) => wanted(i))
      .map(({ orderId }) => orderId)
      .toReversed()

  async function walk(query: string, between: () => Promise<unknown> = async () => undefined): Promise<string[]> {
    const ids: string[] = []
    for (let cursor = ''; ;) {
      const { ids: more, nextCursor } = page(await api.get(`/orders?${query}${cursor}`))
      ids.push(...more)
      if (nextCursor === null) return ids
      cursor = `&cursor=${encodeURIComponent(nextCursor)}`
      await between()
    }
  }

  it('shows an order as it was posted', async () => {
    const body = someOrder({ amount: 0.1, currency: 'KWD', items: [{ sku: 'a/b%20 "c"', qty: 3 }] })
    const { json } = await api.post(body)
    const answer = await api.get(`/orders/${String(json['orderId'])}`)
    assert.equal(answer.status, 200)
    const checked = checkOrder(answer.json)
    assert.ok(checked.ok, JSON.stringify(checked))
    const { orderId, sagaId, status, createdAt, updatedAt, ...posted } = checked.value
    assert.deepEqual(posted, body)
    assert.deepEqual({ orderId, sagaId }, { orderId: json['orderId'], sagaId: json['sagaId'] })
    assert.equal(status, 'pending')
    assert.equal(createdAt, updatedAt)
    assert.ok(Math.abs(Date.now() - Date.parse(createdAt)) < 60_000)
    orders.push({ orderId, body })
  })

  it('omits a missing customerId, and shows the default currency', async () => {
    const { customerId: _, currency: __, ...rest } = someOrder()
    const { json } = await api.post(rest)
    const answer = await api.get(`/orders/${String(json['orderId'])}`)
    assert.equal('customerId' in answer.json, false)
    assert.equal(answer.json['currency'], 'USD')
    orders.push({ orderId: String(json['orderId']), body: rest })
  })

  it('finds an order by its id in any letter case', async () => {
    const answer = await api.get(`/orders/${orders[0]?.orderId.toUpperCase() ?? ''}`)
    assert.equal(answer.json['orderId'], orders[0]?.orderId)
  })

  it('lists twenty, newest first, by default', async () => {
    const { ids, nextCursor } = page(await api.get('/orders'))
    assert.deepEqual(ids, newestFirst(() => true).slice(0, 20))
    assert.equal(typeof nextCursor, 'string')
    assert.equal(page(await api.get('/orders?limit=1')).ids.length, 1)
    assert.equal(page(await api.get('/orders?limit=100')).nextCursor, null)
  })

  it('ends with a page without cursor, also when it is full', async () => {
    const all = newestFirst(() => true)
    const { ids, nextCursor } = page(await api.get(`/orders?limit=${all.length}`))
    assert.deepEqual(ids, all)
    assert.equal(nextCursor, null)
  })

  it('lists all of them page by page', async () => {
    assert.deepEqual(
      await walk('limit=7'),
      newestFirst(() => true),
    )
  })

  it('shows each order once while others are added', async () => {
    const before = newestFirst(() => true)
    const added: string[] = []
    const seen = await walk('limit=4', async () => {
      const body = someOrder()
      const { json } = await api.post(body)
      added.unshift(String(json['orderId']))
      orders.push({ orderId: String(json['orderId']), body })
    })
    assert.ok(added.length >= 7)
    assert.deepEqual(seen, before)
  })

  it('lists by status, by customer and by both', async () => {
    const ann = `customerId=${encodeURIComponent('ann & söhne')}`
    assert.deepEqual(
      await walk('status=confirmed&limit=3'),
      newestFirst((i) => i < 30 && i % 3 === 2),
    )
    assert.deepEqual(
      await walk(`${ann}&limit=4`),
      newestFirst((i) => i < 30 && i % 2 === 0),
    )
    assert.deepEqual(
      await walk(`${ann}&status=confirmed&limit=2`),
      newestFirst((i) => i < 30 && i % 6 === 2),
    )
    assert.deepEqual(await walk('status=cancelled'), [])
    assert.deepEqual(await walk('customerId=nobody'), [])
  })

  const refused: [string, string][] = [
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=nonsense', 'cursor'],
    ['cursor=', 'cursor'],
    ["cursor=' OR 1=1 --", 'cursor'],
    ['status=lost', 'status'],
    ['status=pending&status=confirmed', 'status'],
    ['customerId=', 'customerId'],
    ['customerId=a%00b', 'customerId'],
    ['colour=red', 'colour'],
    ['__proto__=red', '__proto__'],
    ['olderThanMs=1', 'olderThanMs'],
  ]
  for (const [query, field] of refused) {
    it(`refuses ?${query} and names ${field}`, async () => {
      const answer = await api.get(`/orders?${query}`)
      assert.equal(answer.status, 400, answer.text)
      assert.equal(answer.json['field'], field)
    })
  }
})
