import { waitUntil } from '@order-saga/dev'
import { createRegistry } from '../../src/core/metrics.ts'

describe('The delays of the event loop', () => {
  it('do not include the interval in which they are sampled', async () => {
    const registry = createRegistry()
    const delays = async (): Promise<readonly number[]> => {
      const lines = (await registry.metrics()).split('\n')
      const valueOf = (name: string): number =>
        Number(
          lines
            .find((line) => line.startsWith(`nodejs_eventloop_lag_${name}`))
            ?.split(' ')
            .at(-1),
        )
      return [valueOf('p50'), valueOf('max')]
    }
    const isShort = async (): Promise<boolean> => {
      const [median = 0, longest = 0] = await delays()
      // Before the first sample both are 0.
      return longest > 0 && median < 0.09
    }
    await waitUntil(isShort, { what: 'a short delay', limitMs: 5_000, intervalMs: 250 })
  })
})
