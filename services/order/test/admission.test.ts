import assert from 'node:assert/strict'
import type { Database } from '@order-saga/chassis'
import { Admission } from '../src/admission.ts'

/** A database in which so many orders are open. */
function withOpen(count: number): Database {
  return { query: async (_sql: unknown, [limit]: number[]) => [{ count: Math.min(count, limit ?? 0) }] } as never
}

describe('The admission of orders', () => {
  const busy = { name: 'Problem', status: 503, headers: { 'retry-after': '5' } }

  const accept = (admission: Admission): Promise<string> =>
    admission.run(async () => {
      admission.add(1)
      return 'accepted'
    })

  it('admits orders below the limit, and counts those it has admitted', async () => {
    const admission = new Admission({ maxOpenOrders: 10 })
    await admission.measure(withOpen(8))
    assert.equal(await accept(admission), 'accepted')
    assert.equal(await accept(admission), 'accepted')
    await assert.rejects(accept(admission), busy)
  })

  it('admits orders again when the backlog is processed', async () => {
    const admission = new Admission({ maxOpenOrders: 10 })
    await admission.measure(withOpen(50_000))
    await assert.rejects(accept(admission), busy)
    await admission.measure(withOpen(9))
    assert.equal(await accept(admission), 'accepted')
  })

  it('counts orders accepted during the count', async () => {
    const admission = new Admission({ maxOpenOrders: 2 })
    await accept(admission)
    let counted: (rows: { count: number }[]) => void = () => undefined
    const slow = { query: () => new Promise((resolve) => (counted = resolve)) } as unknown as Database
    const measured = admission.measure(slow)
    await accept(admission)
    counted([{ count: 1 }])
    await measured
    await assert.rejects(accept(admission), busy)
  })

  it('does not count a request that made no new order', async () => {
    const admission = new Admission({ maxOpenOrders: 1 })
    await admission.run(async () => undefined)
    assert.equal(await accept(admission), 'accepted')
  })

  it('bounds the requests in progress in one process, regardless of their results', async () => {
    const admission = new Admission({ maxOpenOrders: 100, maxInProgress: 2 })
    const fail: (() => void)[] = []
    const failing = (): Promise<never> =>
      admission.run(() => new Promise((_, reject) => fail.push(() => reject(new Error('unavailable')))))
    const running = [failing(), failing()]
    await assert.rejects(failing(), busy)
    fail.forEach((end) => end())
    await Promise.allSettled(running)
    const again = failing()
    fail.at(-1)?.()
    await assert.rejects(again, /unavailable/)
  })
})
