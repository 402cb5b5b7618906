// needs: database
import assert from 'node:assert/strict'
import { cleanUp } from '@order-saga/chassis'
import { waitUntil } from '@order-saga/dev'
import { idempotencyRetention } from '../../src/store/insert-orders.ts'
import { CommitProxy } from './commit-proxy.ts'
import { type Answer, OrderApi, orderDatabase, someOrder } from './order-api.ts'

const key = (value: string): Record<string, string> => ({ 'idempotency-key': value })
const idsOf = (answers: readonly Answer[]): unknown[] => [
  ...new Set(answers.map(({ json }) => `${String(json['orderId'])} ${String(json['sagaId'])}`)),
]

function assertAcceptedOrBusy(answers: readonly Answer[]): void {
  const others = answers.filter(({ status }) => status !== 202 && status !== 409)
  assert.deepEqual(
    others.map(({ text }) => text),
    [],
  )
}

describe('Idempotency-Key', function () {
  this.timeout(60_000)
  let api: OrderApi
  let other: OrderApi
  let proxy: CommitProxy
  before(async () => {
    const postgres = await orderDatabase('idempotency')
    proxy = await CommitProxy.to(postgres.port)
    api = await OrderApi.start({ database: 'idempotency', port: proxy.port })
    other = await OrderApi.start({ database: 'idempotency' })
  })
  after(async () => {
    await api.close()
    await other.close()
    await proxy.close()
  })

  async function ordersOf(customerId: unknown): Promise<number> {
    const [row] = await other.database.query<{ orders: number; keys: number }>(
      { name: 'test-orders-of', text: 'SELECT count(*) AS orders FROM orders WHERE customer_id = $1' },
      [customerId],
    )
    return row?.orders ?? -1
  }

  it('returns the same response to the same key and body, and marks it as replayed', async () => {
    const order = someOrder()
    const first = await api.post(order, key('again'))
    const [offered, accepted] = [api.offered.length, api.accepted]
    const second = await api.post(order, key('again'))
    assert.deepEqual([first.status, second.status], [202, 202])
    assert.deepEqual(second.json, first.json)
    assert.equal(second.headers.get('location'), first.headers.get('location'))
    assert.equal(first.headers.get('idempotent-replayed'), null)
    assert.equal(second.headers.get('idempotent-replayed'), 'true')
    assert.equal(await ordersOf(order['customerId']), 1)
    assert.equal(api.offered.length, offered)
    assert.equal(api.accepted, accepted)
  })

  it('counts an order once for the limit of open orders, however often its request is repeated', async () => {
    const limited = await OrderApi.start({ database: 'idempotency', maxOpenOrders: 2 })
    try {
      const order = someOrder()
      for (let i = 0; i < 4; i += 1) assert.equal((await limited.post(order, key('limited'))).status, 202)
      assert.equal((await limited.post(someOrder())).status, 202)
      const refused = await limited.post(someOrder())
      assert.equal(refused.status, 503, refused.text)
      assert.equal(refused.headers.get('retry-after'), '5')
    } finally {
      await limited.close()
    }
  })

  it('ignores white space and the order of fields', async () => {
    const { items, ...rest } = someOrder({ items: [{ sku: 'A', qty: 1 }] })
    const first = await api.post({ items, ...rest }, key('spaced'))
    const second = await api.post(
      JSON.stringify({ ...rest, items: [{ qty: 1, sku: 'A' }] }, undefined, 2).replace('125.5', '1255e-1'),
      key('spaced'),
    )
    assert.equal(second.headers.get('idempotent-replayed'), 'true', second.text)
    assert.deepEqual(second.json, first.json)
  })

  it('answers 422 to another body under the same key, and does not change the first order', async () => {
    const order = someOrder()
    const first = await api.post(order, key('reused'))
    const changed = await api.post({ ...order, amount: 1 }, key('reused'))
    assert.equal(changed.status, 422)
    assert.equal(changed.headers.get('content-type'), 'application/problem+json')
    assert.match(String(changed.json['detail']), /Idempotency-Key/)
    assert.equal(await ordersOf(order['customerId']), 1)
    assert.deepEqual((await api.post(order, key('reused'))).json, first.json)
  })

  it('accepts the same body twice without a key', async () => {
    const order = someOrder()
    const answers = [await api.post(order), await api.post(order)]
    assert.equal(idsOf(answers).length, 2)
  })

  it('stores no key with a refused request, so that the corrected one is accepted', async () => {
    assert.equal((await api.post(someOrder({ amount: -1 }), key('mended'))).status, 400)
    const mended = await api.post(someOrder(), key('mended'))
    assert.equal(mended.status, 202)
    assert.equal(mended.headers.get('idempotent-replayed'), null)
  })

  const badKeys: [string, string][] = [
    ['an empty key', ''],
    ['a key of 256 characters', 'k'.repeat(256)],
    ['a key with a letter beyond ASCII', 'clé'],
    ['a key with a tab', 'a\tb'],
  ]
  for (const [name, value] of badKeys) {
    it(`refuses ${name} and names the header`, async () => {
      const order = someOrder()
      const answer = await api.post(order, key(value))
      assert.equal(answer.status, 400, answer.text)
      assert.equal(answer.json['field'], 'Idempotency-Key')
      assert.equal(await ordersOf(order['customerId']), 0)
    })
  }

  it('accepts a key of 255 printable characters, including quotes and spaces', async () => {
    const answer = await api.post(someOrder(), key(`"it's a key" ${'~'.repeat(242)}`))
    assert.equal(answer.status, 202, answer.text)
  })

  it('creates one order from fifty concurrent posts', async () => {
    const order = someOrder()
    const answers = await Promise.all(Array.from({ length: 50 }, () => api.post(order, key('fifty'))))
    const accepted = answers.filter(({ status }) => status === 202)
    const busy = answers.filter(({ status }) => status === 409)
    assert.equal(accepted.length + busy.length, 50)
    assert.equal(idsOf(accepted).length, 1)
    for (const answer of busy) assert.equal(answer.headers.get('retry-after'), '1')
    assert.equal(await ordersOf(order['customerId']), 1)
  })

  it('creates one order from sixty concurrent posts in two processes', async () => {
    for (let round = 0; round < 3; round += 1) {
      const order = someOrder()
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? api : other).post(order, key(`both ${round}`))),
      )
      const accepted = answers.filter(({ status }) => status === 202)
      assertAcceptedOrBusy(answers)
      assert.equal(idsOf(accepted).length, 1)
      assert.equal(await ordersOf(order['customerId']), 1)
      assert.deepEqual((await other.post(order, key(`both ${round}`))).json, accepted[0]?.json)
    }
  })

  it('never deadlocks two processes, with any concurrent keys', async () => {
    const orders = Array.from({ length: 40 }, () => someOrder())
    const answers = await Promise.all([
      ...orders.map((order, i) => api.post(order, key(`crossed ${i}`))),
      ...orders.toReversed().map((order, i) => other.post(order, key(`crossed ${39 - i}`))),
    ])
    assertAcceptedOrBusy(answers)
    for (const order of orders) assert.equal(await ordersOf(order['customerId']), 1)
  })

  it('answers 409 while the first is written, in this and another process, and delays no other request', async () => {
    const order = someOrder()
    proxy.next('held')
    const first = api.post(order, key('held'))
    await waitUntil(() => proxy.holds, { what: 'the commit to be held', limitMs: 5_000 })
    const here = await api.post(order, key('held'))
    assert.equal(here.status, 409)
    assert.equal(here.headers.get('retry-after'), '1')
    const [elsewhere, bystander] = await Promise.all([
      other.post(order, key('held')),
      other.post(someOrder(), key('free')),
    ])
    assert.equal(elsewhere.status, 409, elsewhere.text)
    assert.equal(elsewhere.headers.get('content-type'), 'application/problem+json')
    assert.equal(bystander.status, 202)
    proxy.letGo()
    const { status, json } = await first
    assert.equal(status, 202)
    assert.deepEqual((await other.post(order, key('held'))).json, json)
    assert.equal(await ordersOf(order['customerId']), 1)
  })

  it('frees the key when the connection breaks before the commit', async () => {
    const order = someOrder()
    proxy.next('lost')
    const broken = await api.post(order, key('lost'))
    assert.equal(broken.status, 503, broken.text)
    assert.equal(broken.headers.get('retry-after'), '2')
    assert.equal(await ordersOf(order['customerId']), 0)
    const again = await api.post(order, key('lost'))
    assert.equal(again.status, 202)
    assert.equal(again.headers.get('idempotent-replayed'), null)
    assert.equal(await ordersOf(order['customerId']), 1)
  })

  it('finds the order again when the connection breaks after the commit, before the response', async () => {
    const order = someOrder()
    proxy.next('unanswered')
    const broken = await api.post(order, key('unanswered'))
    assert.equal(broken.status, 503, broken.text)
    assert.equal(await ordersOf(order['customerId']), 1)
    const again = await api.post(order, key('unanswered'))
    assert.equal(again.status, 202)
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.equal(await ordersOf(order['customerId']), 1)
  })

  it('keeps a key for a day, and not much longer', async () => {
    const order = someOrder()
    const first = await api.post(order, key('old'))
    const age = async (hours: number): Promise<void> => {
      await cleanUp(
        api.database,
        [idempotencyRetention],
        new Date(Date.now() + hours * 3_600_000),
        new AbortController().signal,
      )
    }
    await age(23.9)
    assert.deepEqual((await api.post(order, key('old'))).json, first.json)
    await age(24.1)
    assert.equal((await api.counts()).keys, 0)
    const second = await api.post(order, key('old'))
    assert.equal(second.status, 202)
    assert.notEqual(second.json['orderId'], first.json['orderId'])
  })
})
