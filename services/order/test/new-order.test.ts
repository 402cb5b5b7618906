import assert from 'node:assert/strict'
import { newOrderOf } from '../src/new-order.ts'

describe('A new order', () => {
  const wish = { customerId: 'c', customerEmail: 'buyer@example.com', items: [{ sku: 'A', qty: 2 }], amount: 10.5 }
  const { amount: _amount, ...rest } = wish

  it('has the content of its request, and its amount in minor units', () => {
    assert.deepEqual(newOrderOf({ ...wish, currency: 'KWD' }), { ...rest, total: { minor: 10_500, currency: 'KWD' } })
  })

  it('is in US dollars unless the request names a currency', () => {
    assert.deepEqual(newOrderOf(wish), { ...rest, total: { minor: 1_050, currency: 'USD' } })
  })

  it('is refused with the reason if its amount is no amount of its currency', () => {
    const message = 'must have no decimals for JPY'
    assert.deepEqual(newOrderOf({ ...wish, currency: 'JPY' }), { field: 'amount', message })
  })
})
