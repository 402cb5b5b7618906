import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { RequestDeadline } from '../../src/http/request-deadline.ts'
import { DependencyUnavailable } from '../../src/core/errors.ts'

const never = async (): Promise<never> => await new Promise<never>(() => undefined)
const unavailable = async (): Promise<never> => {
  throw new DependencyUnavailable('database', 'connection refused')
}

/** Blocks the event loop, so that this process reads nothing. */
function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe('a request deadline', () => {
  it('rejects when it passes, and aborts the signal of the work', async () => {
    const signals: AbortSignal[] = []
    const waiting = new RequestDeadline('database', 20).run(async (signal) => {
      signals.push(signal)
      return await never()
    })
    await assert.rejects(waiting, DependencyUnavailable)
    assert.equal(signals[0]?.aborted, true)
  })

  it('returns the result of work that completes in time, and its errors unchanged', async () => {
    const deadline = new RequestDeadline('database', 5_000)
    assert.equal(await deadline.run(async () => 7), 7)
    const refusal = new Error('refused')
    await assert.rejects(
      deadline.run(async () => {
        throw refusal
      }),
      refusal,
    )
  })

  it('rejects requests without running them after five failures in a row, and runs them again after a success', async () => {
    const deadline = new RequestDeadline('database', 5_000)
    for (let i = 0; i < 5; i += 1) await assert.rejects(deadline.run(unavailable), DependencyUnavailable)
    let tries = 0
    const many = await Promise.allSettled(
      Array.from({ length: 10 }, () =>
        deadline.run(async () => {
          tries += 1
          return await unavailable()
        }),
      ),
    )
    assert.ok(many.every(({ status }) => status === 'rejected'))
    assert.ok(tries < 5, `${tries} tries`)
    await assert.doesNotReject(async () => {
      while ((await deadline.run(async () => 'available').catch(() => 'unavailable')) !== 'available');
    })
    assert.deepEqual(await Promise.all([1, 2, 3].map((n) => deadline.run(async () => n))), [1, 2, 3])
  })

  it('accepts a response that arrived while this process was blocked', async () => {
    // A single operation, so that all of its response has arrived by then.
    const result = new RequestDeadline('database', 250).run(async () => await stat(new URL(import.meta.url)))
    block(500)
    await assert.doesNotReject(result)
  })
})
