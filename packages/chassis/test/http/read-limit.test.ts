import assert from 'node:assert/strict'
import { DependencyUnavailable } from '../../src/core/errors.ts'
import { Problem } from '../../src/http/problem.ts'
import { ReadLimit } from '../../src/http/read-limit.ts'

describe('ReadLimit', () => {
  it('runs a few reads at once and the others after them, and refuses more than wait with 503', async () => {
    const limit = new ReadLimit({ concurrency: 2 })
    let [running, most] = [0, 0]
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const read = async (): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await gate
      running -= 1
    }
    const accepted = Array.from({ length: 202 }, () => limit.run(read))
    await assert.rejects(limit.run(read), (error) => error instanceof Problem && error.status === 503)
    assert.equal(running, 2)
    open()
    await Promise.all(accepted)
    assert.equal(most, 2)
    assert.equal(await limit.run(async () => 'read'), 'read')
  })

  it('passes the turn on after a failed read', async () => {
    const limit = new ReadLimit({ concurrency: 1 })
    const failing = limit.run(async () => await Promise.reject(new Error('failed')))
    const next = limit.run(async () => 'read')
    await assert.rejects(failing, /failed/)
    assert.equal(await next, 'read')
  })

  it('pauses between reads while others wait', async () => {
    const limit = new ReadLimit({ concurrency: 1 })
    const begun = performance.now()
    const read = async (): Promise<void> => await new Promise((done) => void setTimeout(done, 5))
    await Promise.all(Array.from({ length: 6 }, () => limit.run(read)))
    // Six reads of 5 ms, and a pause of 75 ms after five of them; timers may fire up to a millisecond early.
    assert.ok(performance.now() - begun >= 380, `${performance.now() - begun} ms`)
  })

  it('lets a write complete before the next waiting read, but not for longer than its limit', async () => {
    let isWriting = true
    const limit = new ReadLimit({ concurrency: 1, isWriting: () => isWriting })
    const read = async (): Promise<boolean> => isWriting
    assert.equal(await limit.run(read), true, 'a read that does not wait starts at once')
    const [, second] = [limit.run(read), limit.run(read)]
    setTimeout(() => (isWriting = false), 10)
    assert.equal(await second, false)
    isWriting = true
    const [, last] = [limit.run(read), limit.run(read)]
    assert.equal(await last, true)
  })

  it('rejects the reads that wait when the database is unavailable', async () => {
    const limit = new ReadLimit({ concurrency: 1, callTimeoutMs: 50 })
    let started = 0
    const hangs = async (): Promise<void> => {
      started += 1
      await new Promise(() => undefined)
    }
    const reads = await Promise.allSettled(Array.from({ length: 20 }, () => limit.run(hangs)))
    assert.ok(reads.every((read) => read.status === 'rejected' && read.reason instanceof DependencyUnavailable))
    assert.equal(started, 1)
    assert.equal(await limit.run(async () => 'read'), 'read')
  })
})
