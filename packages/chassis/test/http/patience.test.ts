import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { Patience } from '../../src/http/patience.ts'
import { DependencyUnavailable } from '../../src/core/errors.ts'

const never = async (): Promise<never> => await new Promise<never>(() => undefined)
const away = async (): Promise<never> => {
  throw new DependencyUnavailable('database', 'connection refused')
}

/** Keeps this process from reading anything for a while. */
function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe('patience', () => {
  it('ends at its limit, and tells the work that nobody waits any more', async () => {
    const signals: AbortSignal[] = []
    const waiting = new Patience('database', 20).run(async (signal) => {
      signals.push(signal)
      return await never()
    })
    await assert.rejects(waiting, DependencyUnavailable)
    assert.equal(signals[0]?.aborted, true)
  })

  it('gives the result of work that is in time, and its errors as they are', async () => {
    const patience = new Patience('database', 5_000)
    assert.equal(await patience.run(async () => 7), 7)
    const refusal = new Error('refused')
    await assert.rejects(
      patience.run(async () => {
        throw refusal
      }),
      refusal,
    )
  })

  it('turns requests away without a try when five in a row have failed, and lets them through when one succeeds', async () => {
    const patience = new Patience('database', 5_000)
    for (let i = 0; i < 5; i += 1) await assert.rejects(patience.run(away), DependencyUnavailable)
    let tries = 0
    const many = await Promise.allSettled(
      Array.from({ length: 10 }, () =>
        patience.run(async () => {
          tries += 1
          return await away()
        }),
      ),
    )
    assert.ok(many.every(({ status }) => status === 'rejected'))
    assert.ok(tries < 5, `${tries} tries`)
    await assert.doesNotReject(async () => {
      while ((await patience.run(async () => 'back').catch(() => 'away')) !== 'back');
    })
    assert.deepEqual(await Promise.all([1, 2, 3].map((n) => patience.run(async () => n))), [1, 2, 3])
  })

  it('takes an answer that came while this process itself was held up', async () => {
    const answer = new Patience('database', 250).run(async () => await readFile(new URL(import.meta.url)))
    block(500)
    await assert.doesNotReject(answer)
  })
})
