import assert from 'node:assert/strict'
import { drill, formatDrill, type SagaState } from '../../src/index.ts'
import { type StandInShop, standInShop } from './stand-in-shop.ts'

const completed: SagaState = { status: 'completed', reason: null, compensation: 'none' }
const declined: SagaState = { status: 'cancelled', reason: 'payment_failed', compensation: 'none' }
const refunded: SagaState = { status: 'cancelled', reason: 'compensation', compensation: 'refunded' }

describe('The drill', () => {
  let shop: StandInShop
  const run = async (endOf: Parameters<typeof standInShop>[0], timeoutMs = 10_000) => {
    shop = await standInShop(endOf)
    const lines: string[] = []
    const result = await drill({
      orderUrl: shop.url,
      inventoryUrl: shop.url,
      orders: 10,
      concurrency: 8,
      withTimeout: false,
      timeoutMs,
      onProgress: (line) => lines.push(line),
    })
    return { result, lines }
  }
  afterEach(() => shop.close())

  it('has no complaints when every flow has the expected final status, and repeats a lost request with its key', async () => {
    const { result, lines } = await run(({ customerEmail, items }) => {
      if (customerEmail.startsWith('decline@')) return declined
      return items.some(({ sku }) => sku === 'SIM-NONE') ? refunded : completed
    })
    assert.deepEqual(result.complaints, [])
    assert.equal(result.answers.length, 10)
    assert.deepEqual([...shop.keys.values()].filter((times) => times > 1).length, 3)
    assert.deepEqual(lines.at(-1), '10 of 10 orders completed')
    assert.match(
      formatDrill(result),
      /^confirmed +6 +completed +6 as expected .*\npayment_failed +2 .* 2 as expected /m,
    )
    assert.match(formatDrill(result), /10 orders in .*: all as promised/)
  })

  it('names the orders that took another way, and the stock that is wrong', async () => {
    const { result } = await run(({ items }) => (items.length > 1 ? completed : declined))
    assert.equal(result.complaints.length, 8)
    assert.match(result.complaints.join('\n'), /is cancelled, payment_failed, expected completed\./)
    assert.match(result.complaints.join('\n'), /is completed, expected cancelled, compensation, refunded\./)
    assert.match(formatDrill(result), /^confirmed +6 +completed +6 cancelled, payment_failed /m)
    assert.match(formatDrill(result), /NOT as promised/)
  })

  it('waits for an order in flight no longer than the timeout', async () => {
    const { result } = await run(() => ({ status: 'pending', reason: null, compensation: 'none' }), 2_000)
    assert.equal(result.complaints.length, 10)
    assert.match(result.complaints[0] ?? '', /is pending, expected completed\./)
  })

  it('reports the expected final status of a late charge', async () => {
    shop = await standInShop(() => ({
      status: 'timeout_cancelled',
      reason: 'timeout',
      compensation: 'refund_requested',
    }))
    const options = {
      orderUrl: shop.url,
      inventoryUrl: shop.url,
      orders: 5,
      concurrency: 1,
      withTimeout: true,
      timeoutMs: 2_000,
    }
    const { complaints } = await drill(options)
    assert.match(
      complaints[0] ?? '',
      /is timeout_cancelled, timeout, refund_requested, expected timeout_cancelled, timeout, refunded\./,
    )
  })
})
