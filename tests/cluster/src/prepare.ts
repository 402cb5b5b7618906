import { buildAndLoadImages } from './images.ts'
import { ensureOperators, type MetricsProvider } from './operators.ts'
import { packSubcharts } from './release.ts'
import type { Step } from './suite.ts'

/** The first steps of every run on a cluster. */
export function preparationSteps(provider: MetricsProvider): readonly Step[] {
  return [
    {
      name: 'prerequisites',
      essential: true,
      run: async () => {
        const lines = await ensureOperators(provider)
        await packSubcharts()
        return lines.join('; ')
      },
    },
    { name: 'images', essential: true, run: buildAndLoadImages },
  ]
}
