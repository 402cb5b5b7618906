// needs: database
import assert from 'node:assert/strict'
import { OrderApi, orderDatabase, someOrder } from './order-api.ts'

const item = { sku: 'SKU-1', qty: 1 }
const without = (field: string): Record<string, unknown> => {
  const { [field]: _, ...rest } = someOrder()
  return rest
}

/** The fault, the body, and the field that the response must name. */
const refused: [string, unknown, string][] = [
  ['an empty object', {}, 'customerEmail'],
  ['an array', [someOrder()], '(body)'],
  ['a string', '"order"', '(body)'],
  ['a number', '1', '(body)'],
  ['null', 'null', '(body)'],
  ['true', 'true', '(body)'],

  ['no address', without('customerEmail'), 'customerEmail'],
  ['an address that is null', someOrder({ customerEmail: null }), 'customerEmail'],
  ['an address that is none', someOrder({ customerEmail: 'user' }), 'customerEmail'],
  ['an address in a list', someOrder({ customerEmail: ['a@example.com'] }), 'customerEmail'],
  ['an address with a line break', someOrder({ customerEmail: 'a\r\nbcc: x@example.com' }), 'customerEmail'],
  ['an address with a NUL', someOrder({ customerEmail: 'a\0b@example.com' }), 'customerEmail'],
  ['an address of half a character', someOrder({ customerEmail: 'a\ud800@example.com' }), 'customerEmail'],
  ['an address of 255 characters', someOrder({ customerEmail: `${'a'.repeat(243)}@example.com` }), 'customerEmail'],
  ['a local part of 65 octets', someOrder({ customerEmail: `${'ü'.repeat(32)}a@example.com` }), 'customerEmail'],
  ['a domain label of 64 octets', someOrder({ customerEmail: `a@${'b'.repeat(64)}.com` }), 'customerEmail'],

  ['an empty customerId', someOrder({ customerId: '' }), 'customerId'],
  ['a customerId that is a number', someOrder({ customerId: 7 }), 'customerId'],
  ['a customerId that is null', someOrder({ customerId: null }), 'customerId'],
  ['a customerId with a NUL', someOrder({ customerId: 'a\0' }), 'customerId'],
  ['a customerId of half a character', someOrder({ customerId: '\udfff' }), 'customerId'],
  ['a customerId of 129 characters', someOrder({ customerId: 'c'.repeat(129) }), 'customerId'],

  ['no items', without('items'), 'items'],
  ['an empty list of items', someOrder({ items: [] }), 'items'],
  ['items that are an object', someOrder({ items: item }), 'items'],
  ['501 items', someOrder({ items: Array.from({ length: 501 }, () => item) }), 'items'],
  ['an item that is null', someOrder({ items: [item, null] }), 'items.1'],
  ['an item that is a list', someOrder({ items: [[item]] }), 'items.0'],
  ['an item without sku', someOrder({ items: [{ qty: 1 }] }), 'items.0.sku'],
  ['an empty sku', someOrder({ items: [{ sku: '', qty: 1 }] }), 'items.0.sku'],
  ['a sku of 65 characters', someOrder({ items: [{ sku: 'x'.repeat(65), qty: 1 }] }), 'items.0.sku'],
  ['a sku with a line break', someOrder({ items: [{ sku: 'a\nb', qty: 1 }] }), 'items.0.sku'],
  ['a sku with space at its end', someOrder({ items: [{ sku: 'a ', qty: 1 }] }), 'items.0.sku'],
  ['a sku that is a number', someOrder({ items: [{ sku: 1, qty: 1 }] }), 'items.0.sku'],
  ['an item without quantity', someOrder({ items: [item, { sku: 'B' }] }), 'items.1.qty'],
  ['a quantity of 0', someOrder({ items: [{ sku: 'A', qty: 0 }] }), 'items.0.qty'],
  ['a quantity of -1', someOrder({ items: [{ sku: 'A', qty: -1 }] }), 'items.0.qty'],
  ['a quantity of 1.5', someOrder({ items: [{ sku: 'A', qty: 1.5 }] }), 'items.0.qty'],
  ['a quantity of 1e7', someOrder({ items: [{ sku: 'A', qty: 1e7 }] }), 'items.0.qty'],
  ['a quantity that is text', someOrder({ items: [{ sku: 'A', qty: '1' }] }), 'items.0.qty'],

  ['no amount', without('amount'), 'amount'],
  ['an amount that is text', someOrder({ amount: '125.50' }), 'amount'],
  ['an amount of 0', someOrder({ amount: 0 }), 'amount'],
  ['a negative amount', someOrder({ amount: -0.01 }), 'amount'],
  ['an amount too large', someOrder({ amount: 1_000_000_000 }), 'amount'],
  [
    'an amount of more digits than a double has',
    JSON.stringify(someOrder()).replace('125.5', '125.50000000000000001'),
    'amount',
  ],
  ['an amount with three decimals', someOrder({ amount: 1.005 }), 'amount'],
  ['a very small amount', someOrder({ amount: 1e-7 }), 'amount'],
  ['an infinite amount', JSON.stringify(someOrder()).replace('125.5', '1e999'), 'amount'],
  ['yen with decimals', someOrder({ amount: 0.5, currency: 'JPY' }), 'amount'],
  ['a currency nobody knows', someOrder({ currency: 'XXX' }), 'currency'],
  ['a currency in small letters', someOrder({ currency: 'usd' }), 'currency'],
  ['a currency that is null', someOrder({ currency: null }), 'currency'],

  ['a field given twice', JSON.stringify(someOrder()).replace('{', '{"amount": 1, '), 'amount'],
  [
    'a field of an item given twice, once with an escape',
    '{"customerEmail": "a@example.com", "amount": 1, "items": [{"sku": "A", "qty": 1, "q\\u0074y": 2}]}',
    'items.0.qty',
  ],
  ['an unknown field', someOrder({ colour: 'red' }), 'colour'],
  ['an unknown field of an item', someOrder({ items: [{ ...item, colour: 'red' }] }), 'items.0.colour'],
  ['a status', someOrder({ status: 'confirmed' }), 'status'],
  ['an orderId', someOrder({ orderId: '0198f000-0000-7000-8000-000000000000' }), 'orderId'],
  ['a prototype', JSON.stringify(someOrder()).replace('{', '{"__proto__": {"amount": 1}, '), '__proto__'],
  ['an inherited amount', JSON.stringify(without('amount')).replace('{', '{"__proto__": {"amount": 1}, '), ''],
  ['a constructor', someOrder({ constructor: { prototype: { amount: 1 } } }), 'constructor'],
  [
    'a prototype in an item',
    '{"customerEmail": "a@example.com", "amount": 1, "items": [{"sku": "A", "qty": 1, "__proto__": {}}]}',
    'items.0.__proto__',
  ],
]

describe('POST /orders with a bad order', () => {
  let api: OrderApi
  before(async () => {
    await orderDatabase('bad_order')
    api = await OrderApi.start({ database: 'bad_order' })
  })
  after(async () => await api.close())

  for (const [name, body, field] of refused) {
    it(`refuses ${name}${field === '' ? '' : ` and names ${field}`}`, async () => {
      const answer = await api.post(body, { 'idempotency-key': `key of ${name}` })
      assert.equal(answer.status, 400, answer.text)
      assert.equal(answer.headers.get('content-type'), 'application/problem+json')
      const { detail, errors, ...rest } = answer.json
      if (field !== '') {
        assert.equal(rest['field'], field)
        assert.deepEqual(errors, [{ field, message: String(detail).slice(field.length + 1) }])
        assert.ok(String(detail).startsWith(`${field} `), answer.text)
      }
      assert.equal(rest['title'], 'Bad Request')
      assert.equal(rest['instance'], '/orders')
      assert.doesNotMatch(answer.text, /stack|node_modules|\.ts\b|\.js\b|SELECT|INSERT|ajv/i)
    })
  }

  it('stored no row and published no event for them', async () => {
    assert.deepEqual(await api.counts(), { orders: 0, sagas: 0, events: 0, keys: 0 })
    assert.equal(api.offered.length, 0)
    assert.equal(api.accepted, 0)
    assert.deepEqual(
      api.log.filter((line) => line.includes('"level":50')),
      [],
    )
  })
})
