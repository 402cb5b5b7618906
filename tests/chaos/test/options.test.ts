import assert from 'node:assert/strict'
import { chaosOptions, replayCommand } from '../options.ts'

describe('The options of a round of chaos', () => {
  it('have defaults, and a seed that is chosen', () => {
    const { seed, ...others } = chaosOptions({ SEED: '', MINUTES: '' })
    assert(Number.isInteger(seed) && seed > 0)
    assert.deepEqual(others, { minutes: 2, rate: 20 })
  })

  it('make the command that repeats the round', () => {
    const options = chaosOptions({ SEED: '42', MINUTES: '0.5', RATE: '7' })
    assert.equal(replayCommand(options), 'make chaos SEED=42 MINUTES=0.5 RATE=7')
  })

  for (const [env, saying] of [
    [{ SEED: '1.5' }, /^SEED must be a whole number from 1 to 2147483647, and is "1\.5"\.$/],
    [{ MINUTES: 'two' }, /^MINUTES must be a number from 0\.1 to 1440, and is "two"\.$/],
    [{ RATE: '0' }, /^RATE must be a number from 1 to 1000, and is "0"\.$/],
  ] as const) {
    it(`are refused with a sentence: ${JSON.stringify(env)}`, () => {
      assert.throws(() => chaosOptions(env), { message: saying })
    })
  }
})
