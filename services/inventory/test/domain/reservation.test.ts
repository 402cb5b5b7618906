import assert from 'node:assert/strict'
import {
  decide,
  type ReservationInput,
  type ReservationState,
  type ReservationStatus,
} from '../../src/domain/reservation.ts'
import { isShortBySimulation, neverInStock } from '../../src/domain/simulated-shortage.ts'
import type { StockLevel } from '../../src/domain/stock.ts'

/** Five of A are left after the reservation; B was never stocked. */
const reservedItems = [
  { sku: 'A', qty: 2, tracked: true },
  { sku: 'B', qty: 1, tracked: false },
  { sku: 'A', qty: 1, tracked: true },
]
const free = { available: 8, reserved: 10, shipped: 20 }
const held = { available: 5, reserved: 13, shipped: 20 }
const sold = { available: 5, reserved: 10, shipped: 23 }

const state = (
  status: ReservationStatus,
  level: StockLevel,
  more: Partial<ReservationState> = {},
): ReservationState => ({
  status,
  items: [],
  reason: null,
  stock: new Map([['A', level]]),
  ...more,
})
const reserved = state('reserved', held, { items: reservedItems })
const rejected = state('rejected', free, { reason: 'out_of_stock' })
const released = state('released', free, { items: reservedItems, reason: 'order_cancelled' })
const committed = state('committed', sold, { items: reservedItems })
const cancelled = state('cancelled', free, { reason: 'order_cancelled' })
const states = { none: state('none', free), reserved, rejected, released, committed, cancelled }

const toReserve = reservedItems.map(({ sku, qty }) => ({ sku, qty }))
const inputs = {
  paid: { on: 'payment.completed', items: toReserve, shortage: undefined },
  paidShort: { on: 'payment.completed', items: toReserve, shortage: 'out_of_stock' },
  cancelled: { on: 'order.cancelled' },
  confirmed: { on: 'order.confirmed' },
} as const satisfies Record<string, ReservationInput>

/** The next state and the event that reports it, or why there is none. */
const table: Record<
  ReservationStatus,
  Record<keyof typeof inputs, readonly [ReservationState, string?] | 'late' | 'violation'>
> = {
  none: {
    paid: [reserved, 'inventory.reserved'],
    paidShort: [rejected, 'inventory.failed'],
    cancelled: [cancelled],
    confirmed: 'violation',
  },
  reserved: { paid: 'late', paidShort: 'late', cancelled: [released], confirmed: [committed] },
  rejected: { paid: 'late', paidShort: 'late', cancelled: 'late', confirmed: 'violation' },
  released: { paid: 'late', paidShort: 'late', cancelled: 'late', confirmed: 'violation' },
  committed: { paid: 'late', paidShort: 'late', cancelled: 'violation', confirmed: 'late' },
  cancelled: {
    paid: [cancelled, 'inventory.failed'],
    paidShort: [cancelled, 'inventory.failed'],
    cancelled: 'late',
    confirmed: 'violation',
  },
}

describe('a reservation', () => {
  for (const [status, before] of Object.entries(states) as [ReservationStatus, ReservationState][]) {
    for (const [name, input] of Object.entries(inputs) as [keyof typeof inputs, ReservationInput][]) {
      const expected = table[status][name]
      const title = typeof expected === 'string' ? expected : `${expected[0].status} ${expected[1] ?? ''}`.trim()
      it(`${status} on ${name}: ${title}`, () => {
        const decision = decide(before, input)
        if (expected === 'late') {
          assert.deepEqual(decision, { kind: 'ignored', because: 'late' })
          return
        }
        if (expected === 'violation') {
          const confirmed = `an order without a reservation was confirmed (${status})`
          const detail = name === 'cancelled' ? 'a shipped order was cancelled' : confirmed
          assert.deepEqual(decision, { kind: 'ignored', because: 'violation', detail })
          return
        }
        const [next, ...publish] = expected
        assert.deepEqual(decision, { kind: 'decided', state: next, publish, effects: [] })
      })
    }
  }

  it('is short by simulation for the same orders in every run, in the configured share', () => {
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

  it('is always short of SIM-NONE', () => {
    assert.equal(neverInStock, 'SIM-NONE')
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
