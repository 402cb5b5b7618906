// needs: database
import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { OrderApi, orderDatabase, someOrder } from './order-api.ts'

// Not the unit "binary", which takes a second for its tables.
const anyCharacter = fc.integer({ min: 0, max: 0x10f7ff }).map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800))
const anyText = fc.string({ unit: anyCharacter, maxLength: 300 })
const anyNumber = fc.oneof(fc.double(), fc.integer({ min: 1, max: 1_000_000 }))

/** Now and then the right thing, now and then something near it, now and then anything. */
const roughly = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary: right }, fc.jsonValue(), anyText, anyNumber)

const item = fc.record({ sku: roughly(fc.constant('SKU-1')), qty: roughly(fc.integer({ min: 1, max: 9 })) })
const wish = fc.record(
  {
    customerId: roughly(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })),
    customerEmail: roughly(fc.constantFrom('a@example.com', 'ü@example.com')),
    items: roughly(fc.array(item, { minLength: 1, maxLength: 3 })),
    amount: roughly(fc.constantFrom(1, 0.01, 999_999_999.99)),
    currency: roughly(fc.constantFrom('USD', 'JPY', 'KWD')),
  },
  { requiredKeys: [] },
)

describe('POST /orders with arbitrary bodies', function () {
  this.timeout(60_000)
  let api: OrderApi
  before(async () => {
    await orderDatabase('any_order')
    api = await OrderApi.start({ database: 'any_order' })
  })
  after(async () => await api.close())

  it('accepts it and shows it as it was posted, or refuses it with 400 and names a field', async () => {
    await fc.assert(
      fc.asyncProperty(wish, fc.boolean(), async (changes, complete) => {
        const body = complete ? someOrder(changes) : changes
        const answer = await api.post(body)
        if (answer.status !== 202) {
          assert.equal(answer.status, 400, answer.text)
          assert.equal(typeof answer.json['field'], 'string', answer.text)
          return
        }
        const { json } = await api.get(`/orders/${String(answer.json['orderId'])}`)
        const { orderId: _, sagaId: __, status: ___, createdAt: ____, updatedAt: _____, ...shown } = json
        assert.deepEqual(shown, { currency: 'USD', ...(JSON.parse(JSON.stringify(body)) as object) })
      }),
      { numRuns: 300 },
    )
    assert.deepEqual(
      api.log.filter((line) => line.includes('request failed')),
      [],
    )
  })

  it('answers any bytes with 400', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyText, fc.json()), async (body) => {
        const { status } = await api.post(body)
        assert.equal(status, 400)
      }),
      { numRuns: 200 },
    )
  })
})
