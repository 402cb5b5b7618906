import assert from 'node:assert/strict'
import { isOrdersAmount, isOrdersItems, isOrdersRefund } from '../../src/reactions/match.ts'

const order = { amount: '125.50', currency: 'USD' }
const yen = { amount: '100', currency: 'JPY' }

describe('An event matches the order', () => {
  const amounts: readonly [
    string,
    { amount: string; currency: string },
    { amount: string; currency: string },
    boolean,
  ][] = [
    ['with the same text', order, order, true],
    ['with fewer zeros at the end', { ...order, amount: '125.5' }, order, true],
    ['with more zeros at the end', { ...order, amount: '125.5000' }, order, true],
    ['with zeros in front', { ...order, amount: '0125.50' }, order, true],
    ['not with one cent less', { ...order, amount: '125.49' }, order, false],
    ['not with a fraction of a cent more', { ...order, amount: '125.5001' }, order, false],
    ['not with the amount of cents', { ...order, amount: '12550' }, order, false],
    ['not with 0', { ...order, amount: '0' }, order, false],
    ['not in another currency', { ...order, currency: 'EUR' }, order, false],
    ['not in no currency', { ...order, currency: 'XXX' }, order, false],
    ['in a currency without decimals', { ...yen, amount: '100.00' }, yen, true],
    ['not with decimals that its currency has not', { ...yen, amount: '100.5' }, yen, false],
    [
      'in a currency with three decimals',
      { amount: '1.250', currency: 'KWD' },
      { amount: '1.25', currency: 'KWD' },
      true,
    ],
    ['not beyond exact integers', { ...order, amount: '999999999999.9999' }, order, false],
  ]
  for (const [name, paid, ordered, matches] of amounts) {
    it(`by its amount: ${name}`, () => assert.equal(isOrdersAmount(paid, ordered), matches))
  }

  it('by its refund: the amount of the order, or 0 in any currency', () => {
    assert.ok(isOrdersRefund(order, order))
    for (const amount of ['0', '0.00', '0.0000']) {
      assert.ok(isOrdersRefund({ amount, currency: 'XXX' }, order), amount)
      assert.ok(isOrdersRefund({ amount, currency: 'USD' }, order), amount)
    }
    assert.ok(!isOrdersRefund({ ...order, amount: '0.01' }, order))
    assert.ok(!isOrdersRefund({ ...order, currency: 'XXX' }, order))
  })

  const items: readonly [string, [string, number][], boolean][] = [
    [
      'in another order',
      [
        ['B', 1],
        ['A', 3],
      ],
      true,
    ],
    [
      'with an SKU on two lines',
      [
        ['A', 1],
        ['B', 1],
        ['A', 2],
      ],
      true,
    ],
    [
      'not with a smaller quantity',
      [
        ['A', 2],
        ['B', 1],
      ],
      false,
    ],
    [
      'not with a larger quantity',
      [
        ['A', 3],
        ['B', 2],
      ],
      false,
    ],
    ['not without an SKU', [['A', 3]], false],
    [
      'not with an SKU more',
      [
        ['A', 3],
        ['B', 1],
        ['C', 1],
      ],
      false,
    ],
    [
      'not with another SKU',
      [
        ['A', 3],
        ['C', 1],
      ],
      false,
    ],
    [
      'not with the case of an SKU changed',
      [
        ['a', 3],
        ['B', 1],
      ],
      false,
    ],
  ]
  for (const [name, lines, matches] of items) {
    it(`by its items: ${name}`, () => {
      const reserved = lines.map(([sku, qty]) => ({ sku, qty }))
      assert.equal(
        isOrdersItems(reserved, [
          { sku: 'A', qty: 3 },
          { sku: 'B', qty: 1 },
        ]),
        matches,
      )
    })
  }
})
