import assert from 'node:assert/strict'
import { DatabaseClock } from '../../src/core/clock.ts'

const hour = 3_600_000
const realNow = Date.now

describe('the clock of a database', () => {
  afterEach(() => {
    Date.now = realNow
  })

  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  /** Reads a clock that is ahead of the real one; milliseconds of the way there and back. */
  const ahead =
    (ms: number, there = 0, back = 0) =>
    async (): Promise<number> => {
      if (there > 0) await pause(there)
      const time = realNow() + ms
      if (back > 0) await pause(back)
      return time
    }
  const differs = (clock: DatabaseClock): number => clock.now().getTime() - realNow()

  it('is the own one before the first measurement', () => {
    const clock = new DatabaseClock()
    assert.ok(Math.abs(differs(clock)) < 100)
    assert.deepEqual([clock.skewMs, clock.certainSkewMs], [0, 0])
  })

  it('is followed, and the skew of the own one is known', async () => {
    const clock = new DatabaseClock()
    await clock.measure(ahead(-25 * hour))
    assert.ok(Math.abs(differs(clock) + 25 * hour) < 500, `${differs(clock)}`)
    assert.ok(Math.abs(clock.skewMs - 25 * hour) < 500)
    assert.ok(Math.abs(clock.certainSkewMs - 25 * hour) < 500)
  })

  it('is not moved by a jump of the own one, which counts as skew at once', async () => {
    const clock = new DatabaseClock()
    await clock.measure(ahead(0))
    Date.now = () => realNow() - hour
    assert.ok(Math.abs(differs(clock)) < 500)
    assert.ok(Math.abs(clock.skewMs + hour) < 500)
  })

  it('is followed when it is set', async () => {
    const clock = new DatabaseClock()
    await clock.measure(ahead(0))
    await clock.measure(ahead(-hour, 20))
    assert.ok(Math.abs(differs(clock) + hour) < 500)
  })

  it('keeps an exact measurement that a less exact one agrees with', async () => {
    const clock = new DatabaseClock()
    await clock.measure(ahead(0))
    const exact = differs(clock)
    // Its middle is 100 ms before the reading.
    await clock.measure(ahead(0, 250, 50))
    assert.ok(Math.abs(differs(clock) - exact) < 50, `${exact} ${differs(clock)}`)
  })

  it('uses the shortest of several round trips', async () => {
    const clock = new DatabaseClock()
    const delays = [200, 0, 200]
    await clock.measure(() => ahead(0, delays.shift() ?? 0)())
    assert.ok(Math.abs(differs(clock)) < 50, `${differs(clock)}`)
  })

  it('is not measured by a reading that fails', async () => {
    const clock = new DatabaseClock()
    await assert.rejects(
      clock.measure(() => Promise.reject(new Error('no clock'))),
      /no clock/,
    )
    assert.equal(clock.skewMs, 0)
  })
})
