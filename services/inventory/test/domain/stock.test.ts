import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { moveStock, shortageOf, type Stock } from '../../src/domain/stock.ts'

const level = (
  available: number,
  reserved = 0,
  shipped = 0,
): { available: number; reserved: number; shipped: number } => ({
  available,
  reserved,
  shipped,
})

describe('Stock', () => {
  it('reports the first SKU whose total quantity exceeds the available stock', () => {
    const stock: Stock = new Map([
      ['A', level(3)],
      ['B', level(0)],
      ['last', level(2)],
    ])
    const shortage = (accept: boolean, ...skus: string[]): string | undefined => {
      const found = shortageOf(
        skus.map((sku) => ({ sku, qty: 2 })),
        stock,
        accept,
      )
      return found && `${found.reason}: ${found.sku}`
    }
    assert.equal(shortage(true, 'A'), undefined)
    assert.equal(shortage(true, 'last'), undefined)
    assert.equal(shortage(true, 'A', 'B'), 'out_of_stock: B')
    assert.equal(shortage(true, 'A', 'A'), 'out_of_stock: A')
    assert.equal(shortage(true, 'A', 'unknown'), undefined)
    assert.equal(shortage(false, 'A', 'unknown'), 'unknown_sku: unknown')
  })

  it('moves no item whose level is not loaded', () => {
    const move = (tracked: boolean): Stock => moveStock(new Map(), [{ sku: 'A', qty: 1, tracked }], 'ship')
    assert.throws(() => move(true), /^Error: the stock of A is not loaded$/)
    assert.deepEqual(move(false), new Map())
  })

  const sku = fc.constantFrom('A', 'B', 'C')
  const anyStock = fc.uniqueArray(fc.tuple(sku, fc.nat(20)), { selector: ([name]) => name })
  const anyItems = fc.array(fc.record({ sku, qty: fc.integer({ min: 1, max: 9 }) }), { minLength: 1, maxLength: 4 })

  it('is never negative after a reservation without a shortage, and is conserved by every move', () => {
    fc.assert(
      fc.property(anyStock, anyItems, (levels, items) => {
        const stock: Stock = new Map(levels.map(([name, available]) => [name, level(available)]))
        fc.pre(shortageOf(items, stock, true) === undefined)
        const tracked = items.map((item) => ({ ...item, tracked: stock.has(item.sku) }))
        const reserved = moveStock(stock, tracked, 'reserve')
        for (const [name, { available, reserved: held }] of reserved) {
          assert(available >= 0)
          assert.equal(available + held, stock.get(name)?.available)
        }
        assert.deepEqual(moveStock(reserved, tracked, 'release'), stock)
        for (const [name, sold] of moveStock(reserved, tracked, 'ship')) {
          const { available, reserved: held } = reserved.get(name) ?? level(0)
          assert.deepEqual(sold, level(available, 0, held))
        }
      }),
    )
  })
})
