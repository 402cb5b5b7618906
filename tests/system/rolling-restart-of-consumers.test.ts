// needs: system
// slow: replaces three services, each under orders
import { useReplacement } from './rolling-restart.ts'

describe('A consumer that receives SIGTERM under load', function () {
  this.timeout(180_000)
  const { replace } = useReplacement()

  for (const service of ['payment', 'inventory', 'notification'] as const) {
    it(`${service} is replaced in time under orders, without a failed request or a repeated effect`, () =>
      replace(service))
  }
})
