import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { Breaker, type BreakerOptions } from '../../src/core/breaker.ts'
import { DependencyUnavailable } from '../../src/core/errors.ts'
import { turn } from '../support/turn.ts'

const down = new DependencyUnavailable('gateway', 'refused')

async function fail(subject: Breaker, error: Error = down): Promise<void> {
  await assert.rejects(
    subject.run(() => Promise.reject(error)),
    error,
  )
}

describe('a breaker', () => {
  let changes: string[]

  beforeEach(() => {
    changes = []
    mock.timers.enable({ apis: ['setTimeout'] })
  })

  afterEach(() => mock.timers.reset())

  function breaker(options: Partial<BreakerOptions> = {}): Breaker {
    return new Breaker({
      name: 'gateway',
      waitMs: 100,
      maxWaitMs: 300,
      onChange: (state, reason) => changes.push(`${state}: ${reason}`),
      ...options,
    })
  }

  it('passes results and errors on while it is closed', async () => {
    const subject = breaker()
    assert.equal(await subject.run(() => Promise.resolve(42)), 42)
    await fail(subject, new Error('declined'))
    assert.equal(subject.isOpen, false)
    assert.deepEqual(changes, [])
  })

  it('opens after `threshold` consecutive failures', async () => {
    const subject = breaker({ threshold: 3 })
    await fail(subject)
    await fail(subject)
    await subject.run(() => Promise.resolve())
    await fail(subject)
    await fail(subject)
    assert.equal(subject.isOpen, false)
    await fail(subject)
    assert.equal(subject.isOpen, true)
    assert.deepEqual(changes, ['open: gateway is unavailable: refused'])
  })

  it('delays calls while open, runs one as a trial, and all others after its success', async () => {
    const subject = breaker()
    await fail(subject)
    let respond: (() => void) | undefined
    const started: number[] = []
    const calls = [1, 2, 3].map((call) =>
      subject.run(async () => {
        started.push(call)
        if (call === 1) await new Promise<void>((resolve) => (respond = resolve))
      }),
    )
    mock.timers.tick(99)
    await turn()
    assert.deepEqual(started, [])
    mock.timers.tick(1)
    await turn()
    assert.deepEqual(started, [1], 'one trial')
    respond?.()
    await Promise.all(calls)
    assert.deepEqual(started, [1, 2, 3])
    assert.deepEqual(changes, ['open: gateway is unavailable: refused', 'closed: a call succeeded'])
  })

  it('doubles its wait after each failed trial up to maxWaitMs, and resets it when it closes', async () => {
    const subject = breaker()
    await fail(subject)
    for (const waitMs of [100, 200, 300, 300]) {
      let tried = false
      const trial = subject.run(() => {
        tried = true
        return Promise.reject(down)
      })
      mock.timers.tick(waitMs - 1)
      await turn()
      assert.equal(tried, false, `${waitMs} ms are not over`)
      mock.timers.tick(1)
      await assert.rejects(trial, down)
    }
    const trial = subject.run(() => Promise.resolve())
    mock.timers.tick(300)
    await trial
    await fail(subject)
    const again = subject.run(() => Promise.resolve('through'))
    mock.timers.tick(100)
    assert.equal(await again, 'through')
  })

  it('counts any other error as a response, also in a trial', async () => {
    const subject = breaker()
    await fail(subject)
    const trial = subject.run(() => Promise.reject(new Error('declined')))
    mock.timers.tick(100)
    await assert.rejects(trial, /declined/)
    assert.equal(subject.isOpen, false)
  })

  it('does not delay its trial because of failures of calls that began before it opened', async () => {
    const subject = breaker()
    await Promise.all(Array.from({ length: 50 }, () => fail(subject)))
    const failed = fail(subject)
    mock.timers.tick(100)
    await failed
    let tried = false
    const trial = subject.run(() => {
      tried = true
      return Promise.resolve()
    })
    mock.timers.tick(199)
    await turn()
    assert.equal(tried, false, 'the next trial is not early')
    mock.timers.tick(1)
    await trial
    assert.equal(changes.length, 2)
  })

  it('does not start work whose signal is already aborted', async () => {
    const stopped = AbortSignal.abort(new Error('stopping'))
    await assert.rejects(
      breaker().run(() => assert.fail('the work started'), stopped),
      /stopping/,
    )
  })

  it('stops waiting when the signal is aborted, and runs another call as the trial', async () => {
    const subject = breaker()
    await fail(subject)
    const stop = new AbortController()
    const aborted = subject.run(() => Promise.resolve('aborted'), stop.signal)
    const other = subject.run(() => Promise.resolve('through'))
    stop.abort(new Error('stopping'))
    await assert.rejects(aborted, /stopping/)
    await assert.rejects(
      subject.run(() => Promise.resolve('late'), stop.signal),
      /stopping/,
    )
    mock.timers.tick(100)
    assert.equal(await other, 'through')
  })
})
