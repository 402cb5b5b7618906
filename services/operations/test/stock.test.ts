// needs: database
import assert from 'node:assert/strict'
import { type Case, findsEach, all, orders, remove, reservations, ignoreStock, untracked } from './corruptions.ts'
import { useAuditedSystem, violationsIn } from './audited-system.ts'
import { writeScenario } from './scenarios.ts'

const cases: readonly Case[] = [
  {
    plan: 'confirmed',
    how: 'was reserved under another saga',
    corrupt: reservations('saga_id = gen_random_uuid()'),
    found: 'stock: its reservation references another saga',
  },
  {
    plan: 'declined',
    how: 'was cancelled and holds its stock',
    corrupt: all(reservations("status = 'reserved'"), untracked),
    found: 'stock: cancelled, but its stock is reserved',
  },
  {
    plan: 'timedOut',
    how: 'was cancelled and its stock shipped',
    corrupt: all(reservations("status = 'committed'"), untracked),
    found: 'stock: cancelled, but its stock is committed',
  },
  {
    plan: 'confirmed',
    how: 'is confirmed and was never shipped',
    corrupt: all(reservations("status = 'reserved'"), untracked, ignoreStock),
    found: 'stock: confirmed, but its reservation is reserved',
  },
  {
    plan: 'confirmed',
    how: 'is confirmed and unknown to inventory',
    corrupt: all(remove('inventory', 'inventory_reservations'), ignoreStock),
    found: 'stock: confirmed, but inventory has no record of the order',
  },
  {
    plan: 'confirmed',
    how: 'took other quantities',
    corrupt: orders(`items = '[{"sku": "TEA", "qty": 2}, {"sku": "POT", "qty": 2}]'`),
    found: 'stock: confirmed, but other quantities were reserved',
  },
  {
    plan: 'confirmed',
    how: 'took other articles',
    corrupt: orders(`items = '[{"sku": "TEA", "qty": 2}]'`),
    found: 'stock: confirmed, but other quantities were reserved',
  },
  {
    plan: 'declined',
    how: 'does not exist and holds stock',
    corrupt: all(
      reservations("status = 'reserved'"),
      untracked,
      remove('order', 'saga_instances'),
      remove('order', 'orders'),
    ),
    found: 'stock: stock is reserved for an order that does not exist',
  },
]

describe('the audit of stock', () => {
  const system = useAuditedSystem()

  findsEach(cases, system)

  it('takes equal quantities in other lines, and equal amounts with fewer decimals, as the same', async () => {
    const { orderId } = await writeScenario(system(), 'confirmed')
    const split = [
      { sku: 'POT', qty: 1 },
      { sku: 'TEA', qty: 1 },
      { sku: 'TEA', qty: 1 },
    ]
    await system().sql('order', 'UPDATE orders SET items = $2 WHERE order_id = $1', [orderId, JSON.stringify(split)])
    assert.deepEqual(violationsIn(await system().audit()), {})
  })

  const articles: Record<string, string> = {
    'stock: stock is negative': 'available = -1, received = shipped - 1',
    'stock: received is not available + reserved + shipped': 'received = received + 1',
    'stock: reserved is not what open reservations hold': 'reserved = 1, available = available - 1',
    'stock: shipped is not what committed reservations took': 'shipped = shipped + 1, available = available - 1',
  }
  for (const [found, change] of Object.entries(articles)) {
    it(`finds that ${found.slice('stock: '.length)}`, async () => {
      await writeScenario(system(), 'confirmed')
      await system().sql('inventory', `UPDATE stock SET ${change} WHERE sku = 'TEA'`)
      assert.deepEqual(violationsIn(await system().audit()), { [found]: ['TEA'] })
    })
  }

  it('finds a shipped article without a stock row', async () => {
    await writeScenario(system(), 'confirmed')
    await system().sql('inventory', "DELETE FROM stock WHERE sku = 'POT'")
    assert.deepEqual(violationsIn(await system().audit()), {
      'stock: shipped is not what committed reservations took': ['POT'],
    })
  })

  it('expects nothing of stock for an article that is not tracked', async () => {
    await writeScenario(system(), 'confirmed')
    await system().sql('inventory', 'DELETE FROM stock')
    await system().sql(
      'inventory',
      `UPDATE inventory_reservations SET items =
         (SELECT jsonb_agg(item || '{"tracked": false}') FROM jsonb_array_elements(items) AS item)`,
    )
    assert.deepEqual(violationsIn(await system().audit()), {})
  })
})
