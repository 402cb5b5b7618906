import assert from 'node:assert/strict'
import { drill, formatDrill, type SagaState } from '../../src/index.ts'
import { type FakeOrderApi, startFakeOrderApi } from './fake-order-api.ts'

const completed: SagaState = { status: 'completed', reason: null, compensation: 'none' }
const declined: SagaState = { status: 'cancelled', reason: 'payment_failed', compensation: 'none' }
const refunded: SagaState = { status: 'cancelled', reason: 'compensation', compensation: 'refunded' }

describe('The drill', () => {
  let shop: FakeOrderApi
  const run = async (endOf: Parameters<typeof startFakeOrderApi>[0], timeoutMs = 10_000) => {
    shop = await startFakeOrderApi(endOf)
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

  it('has no failures when every flow has the expected final status, and repeats a lost request with its key', async () => {
    const { result, lines } = await run(({ customerEmail, items }) => {
      if (customerEmail.startsWith('decline@')) return declined
      return items.some(({ sku }) => sku === 'SIM-NONE') ? refunded : completed
    })
    assert.deepEqual(result.failures, [])
    assert.equal(result.answers.length, 10)
    assert.deepEqual([...shop.keys.values()].filter((times) => times > 1).length, 3)
    assert.deepEqual(lines.at(-1), '10 of 10 orders completed')
    assert.match(
      formatDrill(result),
      /^confirmed +6 +completed +6 as expected .*\npayment_failed +2 .* 2 as expected /m,
    )
    assert.match(formatDrill(result), /10 orders in .*: all as expected/)
  })

  it('names the orders with another final status, and inconsistent stock', async () => {
    const { result } = await run(({ items }) => (items.length > 1 ? completed : declined))
    assert.equal(result.failures.length, 8)
    assert.match(result.failures.join('\n'), /is cancelled, payment_failed, expected completed\./)
    assert.match(result.failures.join('\n'), /is completed, expected cancelled, compensation, refunded\./)
    assert.match(formatDrill(result), /^confirmed +6 +completed +6 cancelled, payment_failed /m)
    assert.match(formatDrill(result), /NOT as expected/)
  })

  it('waits for an order in flight no longer than the timeout', async () => {
    const { result } = await run(() => ({ status: 'pending', reason: null, compensation: 'none' }), 2_000)
    assert.equal(result.failures.length, 10)
    assert.match(result.failures[0] ?? '', /is pending, expected completed\./)
  })

  it('reports the expected final status of a late charge', async () => {
    shop = await startFakeOrderApi(() => ({
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
    const { failures } = await drill(options)
    assert.match(
      failures[0] ?? '',
      /is timeout_cancelled, timeout, refund_requested, expected timeout_cancelled, timeout, refunded\./,
    )
  })
})
