import { printDiagnostics } from './print-diagnostics.ts'
import { preparationSteps } from './prepare.ts'
import { Shop } from './shop.ts'
import { autoscalingSteps } from './steps/autoscaling.ts'
import { installSteps } from './steps/install.ts'
import { uninstallSteps } from './steps/uninstall.ts'
import { runSuite } from './suite.ts'

const shop = new Shop('order-saga-e2e-keda', ['values-keda.yaml', 'values-test.yaml'])

const steps = [
  ...preparationSteps('keda'),
  ...installSteps(shop),
  ...autoscalingSteps(shop, { title: 'KEDA', maxReplicas: 4 }),
  ...uninstallSteps(shop),
]

process.exitCode = await runSuite('make e2e-keda', steps, () => printDiagnostics(shop.cluster))
await shop.close()
