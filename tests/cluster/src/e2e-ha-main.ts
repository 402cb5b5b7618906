import { printDiagnostics } from './print-diagnostics.ts'
import { preparationSteps } from './prepare.ts'
import { Shop } from './shop.ts'
import { highAvailabilitySteps } from './steps/high-availability.ts'
import { installSteps, usualDeadline } from './steps/install.ts'
import { uninstallSteps } from './steps/uninstall.ts'
import { runSuite } from './suite.ts'

const shop = new Shop('order-saga-e2e-ha', ['values-prod.yaml', 'values-test.yaml'])

const steps = [
  ...preparationSteps('hpa'),
  ...installSteps(shop, usualDeadline),
  ...highAvailabilitySteps(shop),
  ...uninstallSteps(shop),
]

process.exitCode = await runSuite('make e2e-ha', steps, () => printDiagnostics(shop.cluster))
await shop.close()
