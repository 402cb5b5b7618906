// needs: system
// slow: six seconds of more orders than are taken, and the recovery
import assert from 'node:assert/strict'
import { podEnvironment } from '../chaos/overload/memory.ts'
import { findViolations, runOverload, recoveryLimitMs } from '../chaos/overload/overload.ts'
import { someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

/** Payment works off 64 orders a second: orders can come faster, and at an easy pace they come more slowly. */
const slowPayment = { PAYMENT_PROCESSING_MS: 1_000 }
const maxOpenOrders = 150

describe('A burst', function () {
  this.timeout(180_000)
  const sku = someSku()
  const system = useSystem(() => ({
    env: podEnvironment,
    envOf: { order: { MAX_OPEN_ORDERS: maxOpenOrders }, payment: slowPayment },
  }))
  before(() => system().shop.putStock(sku, 1_000_000))

  it('of orders above the limit is refused with 503 and Retry-After, loses no order, keeps memory bounded, and drains in a minute', async () => {
    const mostOpen = { count: 0 }
    const watch = setInterval(() => void lookAtOpen(mostOpen), 200)
    const result = await runOverload({ system: system(), sku, durationMs: 6_000, clients: 64 }).finally(() =>
      clearInterval(watch),
    )
    assert.deepEqual(findViolations(result), [])
    assert(result.recoveryMs < recoveryLimitMs)
    assert(mostOpen.count >= maxOpenOrders / 2, `only ${mostOpen.count} orders were in flight at once`)
    assert(mostOpen.count <= maxOpenOrders, `${mostOpen.count} orders were in flight at once`)
  })

  async function lookAtOpen(most: { count: number }): Promise<void> {
    const rows = await system().sql('order', 'SELECT FROM saga_instances WHERE finished_at IS NULL')
    most.count = Math.max(most.count, rows.length)
  }
})
