import assert from 'node:assert/strict'
import type { Database } from '@order-saga/chassis'
import { Admission } from '../src/admission.ts'
import type { AcceptOrder } from '../src/store/accept-orders.ts'

const order = {} as Parameters<AcceptOrder>[0]

/** A database in which so many orders are open. */
function withOpen(count: number): Database {
  return { query: async (_sql: unknown, [limit]: number[]) => [{ count: Math.min(count, limit ?? 0) }] } as never
}

const accepting =
  (replayed = false): AcceptOrder =>
  async () => ({ kind: 'accepted', orderId: 'o', sagaId: 's', replayed })

describe('The admission of orders', () => {
  const busy = { name: 'Problem', status: 503, headers: { 'retry-after': '5' } }

  it('lets orders in below the limit, and counts those it has let in', async () => {
    const admission = new Admission({ maxOpenOrders: 10 })
    await admission.measure(withOpen(8))
    const accept = admission.guard(accepting())
    assert.equal((await accept(order)).kind, 'accepted')
    assert.equal((await accept(order)).kind, 'accepted')
    await assert.rejects(accept(order), busy)
  })

  it('lets in again when the backlog has been worked off', async () => {
    const admission = new Admission({ maxOpenOrders: 10 })
    const accept = admission.guard(accepting())
    await admission.measure(withOpen(50_000))
    await assert.rejects(accept(order), busy)
    await admission.measure(withOpen(9))
    assert.equal((await accept(order)).kind, 'accepted')
  })

  it('counts what is accepted while it counts', async () => {
    const admission = new Admission({ maxOpenOrders: 2 })
    const accept = admission.guard(accepting())
    await accept(order)
    let counted: (rows: { count: number }[]) => void = () => undefined
    const slow = { query: () => new Promise((resolve) => (counted = resolve)) } as unknown as Database
    const measured = admission.measure(slow)
    await accept(order)
    counted([{ count: 1 }])
    await measured
    await assert.rejects(accept(order), busy)
  })

  it('does not count an order that was there before', async () => {
    const admission = new Admission({ maxOpenOrders: 1 })
    const accept = admission.guard(accepting(true))
    await accept(order)
    assert.equal((await accept(order)).kind, 'accepted')
  })

  it('bounds what one process works on at once, whatever becomes of it', async () => {
    const admission = new Admission({ maxOpenOrders: 100, maxRunning: 2 })
    const fail: (() => void)[] = []
    const accept = admission.guard(() => new Promise((_, reject) => fail.push(() => reject(new Error('away')))))
    const running = [accept(order), accept(order)]
    await assert.rejects(accept(order), busy)
    fail.forEach((end) => end())
    await Promise.allSettled(running)
    const again = accept(order)
    fail.at(-1)?.()
    await assert.rejects(again, /away/)
  })
})
