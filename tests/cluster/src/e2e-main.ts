import { printDiagnostics } from './print-diagnostics.ts'
import { preparationSteps } from './prepare.ts'
import { Shop } from './shop.ts'
import { autoscalingSteps } from './steps/autoscaling.ts'
import { installSteps, usualDeadline } from './steps/install.ts'
import { lossSteps } from './steps/losses.ts'
import { outageSteps } from './steps/outage.ts'
import { previousReleaseSteps } from './steps/previous-release.ts'
import { restoreSteps } from './steps/restore.ts'
import { uninstallSteps } from './steps/uninstall.ts'
import { upgradeSteps } from './steps/upgrades.ts'
import { watchSteps } from './steps/watch.ts'
import { runSuite } from './suite.ts'

const shop = new Shop('order-saga-e2e', ['values-test.yaml'])
const upgraded = new Shop('order-saga-e2e-previous', ['values-test.yaml'])

const steps = [
  ...preparationSteps('hpa'),
  ...installSteps(shop),
  ...watchSteps(shop),
  ...outageSteps(shop),
  ...upgradeSteps(shop, { services: { order: { env: usualDeadline } } }),
  ...lossSteps(shop),
  ...restoreSteps(shop),
  ...autoscalingSteps(shop, { title: 'HPA', maxReplicas: 4 }),
  ...uninstallSteps(shop),
  ...previousReleaseSteps(upgraded),
]

process.exitCode = await runSuite('make e2e', steps, async () => {
  for (const { cluster } of [shop, upgraded]) await printDiagnostics(cluster)
})
for (const each of [shop, upgraded]) await each.close()
