import { tags } from '../images.ts'
import type { Shop } from '../shop.ts'
import type { Step } from '../suite.ts'
import type { Values } from '../release.ts'

const testLimitMs = 300_000

/** Orders have little time, so that the drill and the outage need not wait 90 s for a deadline. */
const shortDeadline: Values = { SAGA_TIMEOUT_MS: '20000', TIMEOUT_CHECK_INTERVAL_MS: '1000' }
/** As in production: what a broker or a database that restarts may cost. */
export const usualDeadline: Values = { SAGA_TIMEOUT_MS: '90000', TIMEOUT_CHECK_INTERVAL_MS: '1000' }

export function namespaceStep(shop: Shop): Step {
  return {
    name: 'namespace with Pod Security restricted',
    essential: true,
    run: async () => {
      if (await shop.cluster.exists()) await shop.cluster.remove()
      await shop.cluster.create()
      return shop.cluster.namespace
    },
  }
}

export function installSteps(shop: Shop, deadline: Values = shortDeadline): readonly Step[] {
  return [
    namespaceStep(shop),
    {
      name: 'helm install',
      essential: true,
      run: async () => {
        const { status } = await shop.upgrade({
          image: { tag: tags.tested },
          services: { order: { env: deadline } },
          drill: { timeoutFlow: deadline === shortDeadline },
        })
        return `${status}, every pod ready`
      },
    },
    { name: 'helm test: the saga drill', run: () => runDrill(shop) },
  ]
}

/** Runs the chart's drill. @returns its results @throws Error if one is not as expected */
export async function runDrill(shop: Shop): Promise<string> {
  const said = await shop.release.test(testLimitMs)
  const results = said.split('\n').filter((line) => /: all as expected|^clean:/.test(line))
  if (results.length < 2) throw new Error(`The drill did not report its results:\n${said}`)
  return results.join('; ')
}
