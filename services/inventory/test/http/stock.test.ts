// needs: own-servers
import assert from 'node:assert/strict'
import { testServers, waitUntil } from '@order-saga/dev'
import { checkerOf } from '@order-saga/contracts'
import { StockAnswer } from '../../src/http/stock-bodies.ts'
import { StockApi } from './stock-api.ts'

const checkAnswer = checkerOf(StockAnswer)

describe('the stock API', () => {
  let api: StockApi
  before(async () => {
    api = await StockApi.start('stock_http')
  })
  after(async () => await api.close())

  async function rowOf(sku: string): Promise<Record<string, unknown> | undefined> {
    const [row] = await api.database.query<Record<string, unknown>>(
      { name: 'test-row', text: 'SELECT available, reserved, shipped, received FROM stock WHERE sku = $1' },
      [sku],
    )
    return row
  }

  it('sets the stock of a new article and shows it', async () => {
    const put = await api.put('SKU-1', 100)
    assert.equal(put.status, 200)
    assert.deepEqual(put.json, { sku: 'SKU-1', available: 100, reserved: 0 })
    assert.ok(checkAnswer(put.json).ok)
    const get = await api.get('SKU-1')
    assert.equal(get.status, 200)
    assert.deepEqual(get.json, put.json)
    assert.deepEqual(await rowOf('SKU-1'), { available: 100, reserved: 0, shipped: 0, received: 100 })
  })

  it('sets the available quantity and leaves reservations and shipments unchanged', async () => {
    await api.put('SKU-2', 10)
    await api.database.query({
      name: 'test-reserve',
      text: `UPDATE stock SET available = 5, reserved = 3, shipped = 2 WHERE sku = 'SKU-2'`,
    })
    const put = await api.put('SKU-2', 7)
    assert.deepEqual(put.json, { sku: 'SKU-2', available: 7, reserved: 3 })
    assert.deepEqual(await rowOf('SKU-2'), { available: 7, reserved: 3, shipped: 2, received: 12 })
  })

  it('stays consistent while stock is reserved, released, shipped and set concurrently', async () => {
    await api.put('SKU-3', 1_000)
    const reserve = (): Promise<unknown> =>
      api.database.query({
        name: 'test-take',
        text: `UPDATE stock SET available = available - 1, reserved = reserved + 1 WHERE sku = 'SKU-3' AND available > 0`,
      })
    const ship = (): Promise<unknown> =>
      api.database.query({
        name: 'test-ship',
        text: `UPDATE stock SET reserved = reserved - 1, shipped = shipped + 1 WHERE sku = 'SKU-3' AND reserved > 0`,
      })
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        if (i % 3 === 0) return (await api.put('SKU-3', 1_000 + i)).status
        await (i % 3 === 1 ? reserve() : ship())
        return 200
      }),
    )
    assert.deepEqual([...new Set(answers)], [200])
    const row = await rowOf('SKU-3')
    const { available, reserved, shipped, received } = row as Record<string, number>
    assert.equal(received, Number(available) + Number(reserved) + Number(shipped))
    assert.equal(Number(reserved) + Number(shipped), 20)
  })

  it('creates an article once when it is set twice concurrently', async () => {
    const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => api.put('SKU-4', n)))
    assert.ok(answers.every(({ status }) => status === 200))
    const row = await rowOf('SKU-4')
    assert.equal(row?.['received'], row?.['available'])
  })

  for (const sku of ['a b', 'a/b', '50%', '%41', 'a+b?c#d', '"\'; DROP TABLE stock; --', 'x'.repeat(64)]) {
    it(`takes the sku ${sku}`, async () => {
      assert.equal((await api.put(sku, 1)).status, 200)
      assert.deepEqual((await api.get(sku)).json, { sku, available: 1, reserved: 0 })
      assert.equal((await rowOf(sku))?.['available'], 1)
    })
  }

  for (const sku of ['x'.repeat(65), ' a', 'a ', 'a\nb', 'a\0', 'Zoë']) {
    it(`refuses the sku ${JSON.stringify(sku)}, and stores no stock for it`, async () => {
      const put = await api.put(sku, 1)
      assert.equal(put.status, 400)
      assert.equal(put.json['field'], 'sku')
      assert.equal((await api.get(sku)).status, 404)
    })
  }

  const bodies: [string, unknown, string][] = [
    ['nothing set', {}, 'available'],
    ['a negative quantity', { available: -1 }, 'available'],
    ['half a piece', { available: 0.5 }, 'available'],
    ['too many', { available: 1e12 + 1 }, 'available'],
    ['a text', { available: '1' }, 'available'],
    ['null', { available: null }, 'available'],
    ['an infinite quantity', '{"available": 1e999}', 'available'],
    ['a reservation', { available: 1, reserved: 1 }, 'reserved'],
    ['a prototype', '{"available": 1, "__proto__": {}}', '__proto__'],
    ['a list', [1], '(body)'],
    ['a number', '1', '(body)'],
  ]
  for (const [name, body, field] of bodies) {
    it(`refuses ${name} and names ${field}`, async () => {
      const answer = await api.send('PUT', 'SKU-5', body)
      assert.equal(answer.status, 400)
      assert.equal(answer.headers.get('content-type'), 'application/problem+json')
      assert.equal(answer.json['field'], field)
      assert.equal(await rowOf('SKU-5'), undefined)
    })
  }

  it('takes 0 and the largest quantity', async () => {
    assert.deepEqual((await api.put('SKU-6', 0)).json, { sku: 'SKU-6', available: 0, reserved: 0 })
    assert.deepEqual((await api.put('SKU-6', 1e12)).json, { sku: 'SKU-6', available: 1e12, reserved: 0 })
  })

  it('answers 404 to an unknown article, 405 to another method, 400 to a path that cannot be decoded', async () => {
    const unknown = await api.get('SKU-UNKNOWN')
    assert.equal(unknown.status, 404)
    assert.equal(unknown.headers.get('content-type'), 'application/problem+json')
    const post = await api.send('POST', 'SKU-1', { available: 1 })
    assert.equal(post.status, 405)
    assert.equal(post.headers.get('allow'), 'GET, HEAD, OPTIONS, PUT')
    assert.equal((await api.send('PUT', 'SKU%zz', { available: 1 })).status, 400)
  })

  it('answers 503 while the database is unavailable, and recovers by itself', async () => {
    const postgres = await testServers().postgres()
    await postgres.kill()
    try {
      for (const answer of [await api.put('SKU-1', 1), await api.get('SKU-1')]) {
        assert.equal(answer.status, 503)
        assert.equal(answer.headers.get('retry-after'), '2')
      }
    } finally {
      await postgres.restart()
    }
    await waitUntil(async () => (await api.put('SKU-1', 1)).status === 200, {
      what: 'the stock to be set',
      limitMs: 20_000,
    })
  })
})
