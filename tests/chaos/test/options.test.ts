import assert from 'node:assert/strict'
import { readChaosOptions, replayCommand } from '../options.ts'

describe('the options of a chaos run', () => {
  it('have defaults and a random seed', () => {
    const { seed, ...others } = readChaosOptions({ SEED: '', MINUTES: '' })
    assert(Number.isInteger(seed) && seed > 0)
    assert.deepEqual(others, { minutes: 2, rate: 20 })
  })

  it('give the command that repeats the run', () => {
    const options = readChaosOptions({ SEED: '42', MINUTES: '0.5', RATE: '7' })
    assert.equal(replayCommand(options), 'make chaos SEED=42 MINUTES=0.5 RATE=7')
  })

  for (const [env, message] of [
    [{ SEED: '1.5' }, /^SEED must be a whole number from 1 to 2147483647, and is "1\.5"\.$/],
    [{ MINUTES: 'two' }, /^MINUTES must be a number from 0\.1 to 1440, and is "two"\.$/],
    [{ RATE: '0' }, /^RATE must be a number from 1 to 1000, and is "0"\.$/],
  ] as const) {
    it(`are rejected with a sentence: ${JSON.stringify(env)}`, () => {
      assert.throws(() => readChaosOptions(env), { message })
    })
  }
})
