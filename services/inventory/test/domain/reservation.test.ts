import assert from 'node:assert/strict'
import { decide, type ReservationInput, type ReservationStatus } from '../../src/domain/reservation.ts'
import { isShortBySimulation, neverInStock } from '../../src/domain/simulated-shortage.ts'

const inputs = {
  paid: { on: 'payment.completed', shortage: undefined },
  paidShort: { on: 'payment.completed', shortage: 'out_of_stock' },
  cancelled: { on: 'order.cancelled' },
  confirmed: { on: 'order.confirmed' },
} as const satisfies Record<string, ReservationInput>

const table: Record<ReservationStatus, Record<keyof typeof inputs, string>> = {
  none: { paid: 'reserve', paidShort: 'reject', cancelled: 'entomb', confirmed: 'violation' },
  reserved: { paid: 'unchanged', paidShort: 'unchanged', cancelled: 'release', confirmed: 'ship' },
  rejected: { paid: 'unchanged', paidShort: 'unchanged', cancelled: 'unchanged', confirmed: 'violation' },
  released: { paid: 'unchanged', paidShort: 'unchanged', cancelled: 'unchanged', confirmed: 'violation' },
  committed: { paid: 'unchanged', paidShort: 'unchanged', cancelled: 'violation', confirmed: 'unchanged' },
  cancelled: { paid: 'refuse', paidShort: 'refuse', cancelled: 'unchanged', confirmed: 'violation' },
}

describe('a reservation', () => {
  for (const [status, row] of Object.entries(table) as [ReservationStatus, Record<keyof typeof inputs, string>][]) {
    for (const [name, expected] of Object.entries(row) as [keyof typeof inputs, string][]) {
      it(`${status} on ${name}: ${expected}`, () => {
        assert.equal(decide(status, inputs[name]).kind, expected)
      })
    }
  }

  it('is short by simulation for the same orders in every run, in the share asked for', () => {
    const items = [{ sku: 'A', qty: 1 }]
    const orders = Array.from({ length: 4_000 }, (_, i) => `order-${i}`)
    const short = orders.filter((order) => isShortBySimulation(order, items, 0.2))
    assert.deepEqual(
      orders.filter((order) => isShortBySimulation(order, items, 0.2)),
      short,
    )
    assert.ok(Math.abs(short.length / orders.length - 0.2) < 0.03, `${short.length} of ${orders.length}`)
    assert.equal(
      orders.some((order) => isShortBySimulation(order, items, 0)),
      false,
    )
    assert.equal(
      orders.every((order) => isShortBySimulation(order, items, 1)),
      true,
    )
  })

  it(`is always short of ${neverInStock}`, () => {
    assert.equal(
      isShortBySimulation(
        'any',
        [
          { sku: 'A', qty: 1 },
          { sku: neverInStock, qty: 1 },
        ],
        0,
      ),
      true,
    )
  })
})
