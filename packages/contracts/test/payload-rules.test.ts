import assert from 'node:assert/strict'
import { catalogue, type EventName } from '../src/catalogue.ts'

const items = [{ sku: 'BOOK', qty: 2 }]
const order = { customerEmail: 'ann@example.com', items, amount: '10.50', currency: 'USD' }
const deadline = '2026-01-02T03:04:05.678Z'
const payloads: Record<EventName, object> = {
  'order.created': { ...order, deadline },
  'order.confirmed': order,
  'order.cancelled': { ...order, reason: 'timeout' },
  'payment.completed': { ...order, paymentId: 'p-1', deadline },
  'payment.failed': { reason: 'declined', detail: '' },
  'payment.refund.requested': { reason: 'timeout' },
  'payment.refunded': { refundId: 'none:1', amount: '10.50', currency: 'USD' },
  'inventory.reserved': { reservationId: 'r-1', items },
  'inventory.failed': { reason: 'out_of_stock', detail: 'BOOK' },
}

/** The problem of a payload with these fields. */
function problemOf(name: EventName, fields: object): string | undefined {
  const event = catalogue.find((one) => one.name === name)
  const checked = event?.check({ ...payloads[name], ...fields })
  return checked === undefined || checked.ok ? undefined : `${checked.problem.field} ${checked.problem.message}`
}

const having = (field: string): EventName[] =>
  (Object.keys(payloads) as EventName[]).filter((name) => Object.hasOwn(payloads[name], field))
const charged = having('amount').filter((name) => name !== 'payment.refunded')

describe('the payload of an event', () => {
  it('is accepted as it is published', () => {
    for (const name of Object.keys(payloads) as EventName[]) assert.equal(problemOf(name, {}), undefined, name)
  })

  const amounts: [amount: unknown, currency: unknown, problem: string | undefined][] = [
    ['100', 'JPY', undefined],
    ['100.0000', 'JPY', undefined],
    ['10.5', 'USD', undefined],
    ['0.001', 'KWD', undefined],
    ['999999999.99', 'USD', undefined],
    ['10.50', 'JPY', 'amount must have no decimals for JPY'],
    ['0.001', 'USD', 'amount must have at most 2 decimals for USD'],
    ['999999999.991', 'KWD', 'amount must be above 0 and at most 999999999.99'],
    ['10.50', 'ZZZ', 'currency must be an active ISO 4217 code'],
    ['10.50', 'DEM', 'currency must be an active ISO 4217 code'],
    ['10.50', 'XXX', 'currency must be an active ISO 4217 code'],
    ['10.50', 'usd', 'currency must be an active ISO 4217 code'],
    ['10.50', 'USDX', 'currency must be an active ISO 4217 code'],
    ...[
      '1000000000',
      '007',
      '00.50',
      '-1',
      '+1',
      '1e2',
      '1.',
      '.5',
      '1,50',
      ' 1',
      '',
      'NaN',
      'Infinity',
      '0x1',
      '1.00000',
      10.5,
    ].map((amount): [unknown, unknown, string] => [
      amount,
      'USD',
      'amount must be a decimal string without sign, exponent and leading zeros',
    ]),
  ]
  for (const [amount, currency, problem] of amounts) {
    it(`with ${JSON.stringify(amount)} ${String(currency)} is ${problem === undefined ? 'accepted' : 'refused'} in every event`, () => {
      assert.equal(charged.length, 4)
      for (const name of [...charged, 'payment.refunded' as const]) {
        assert.equal(problemOf(name, { amount, currency }), problem, name)
      }
    })
  }

  it('with amount 0 is accepted only for a refund, and with no currency only then', () => {
    for (const amount of ['0', '0.00']) {
      for (const name of charged) {
        assert.equal(problemOf(name, { amount }), 'amount must be above 0 and at most 999999999.99', name)
      }
      for (const currency of ['USD', 'JPY', 'XXX']) {
        assert.equal(problemOf('payment.refunded', { amount, currency }), undefined)
      }
      assert.equal(
        problemOf('payment.refunded', { amount, currency: 'ZZZ' }),
        'currency must be an active ISO 4217 code',
      )
    }
  })

  it('with impossible items is refused in every event', () => {
    const quantity = 'items.0.qty must be an integer from 1 to 1000000'
    const sku = 'items.0.sku must be a string of 1 to 64 printable characters without space at its ends'
    const cases: [unknown, string | undefined][] = [
      ...[0, -1, 1.5, 1_000_001, '1', null, 1e300].map((qty): [unknown, string] => [[{ sku: 'A', qty }], quantity]),
      ...['', ' A', 'A ', 'A\u0000', 'Ä', 'A'.repeat(65), 7].map((name): [unknown, string] => [
        [{ sku: name, qty: 1 }],
        sku,
      ]),
      [[], 'items must be a list of 1 to 500 items'],
      [Array.from({ length: 501 }, () => items[0]), 'items must be a list of 1 to 500 items'],
      [[...items, ...items], undefined],
    ]
    assert.equal(having('items').length, 5)
    for (const [value, problem] of cases) {
      for (const name of having('items'))
        assert.equal(problemOf(name, { items: value }), problem, JSON.stringify(value))
    }
  })

  it('with a deadline that is not an instant is refused', () => {
    for (const value of ['2020-06-30T23:59:60Z', '2020-01-01T25:00:00Z', '2026-02-30T00:00:00Z', 'infinity', null]) {
      for (const name of having('deadline'))
        assert.match(String(problemOf(name, { deadline: value })), /^deadline must be/)
    }
  })

  it('with an address, id or text that the database cannot store is refused', () => {
    for (const name of having('customerEmail')) {
      for (const value of ['x', 'a\u0000@example.com', 'a\ud800@example.com', `${'a'.repeat(255)}@example.com`]) {
        assert.equal(
          problemOf(name, { customerEmail: value }),
          'customerEmail must be a well-formed e-mail address',
          name,
        )
      }
    }
    for (const [name, field] of [
      ['order.created', 'customerId'],
      ['payment.completed', 'paymentId'],
      ['payment.refunded', 'refundId'],
      ['inventory.reserved', 'reservationId'],
    ] as const) {
      for (const value of ['', 'a\u0000', '\ud800', 'x'.repeat(256)]) {
        assert.match(String(problemOf(name, { [field]: value })), new RegExp(`^${field} must be`))
      }
    }
    for (const value of ['a\u0000', '\ud800', 'x'.repeat(1_001)]) {
      assert.match(String(problemOf('payment.failed', { detail: value })), /^detail must be/)
    }
  })
})
