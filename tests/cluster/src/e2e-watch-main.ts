import { printDiagnostics } from './print-diagnostics.ts'
import { preparationSteps } from './prepare.ts'
import { Shop } from './shop.ts'
import { installSteps } from './steps/install.ts'
import { uninstallSteps } from './steps/uninstall.ts'
import { watchSteps } from './steps/watch.ts'
import { runSuite } from './suite.ts'

const shop = new Shop('order-saga-e2e-watch', ['values-test.yaml'])

const steps = [...preparationSteps('hpa'), ...installSteps(shop), ...watchSteps(shop), ...uninstallSteps(shop)]

process.exitCode = await runSuite('make e2e-watch', steps, () => printDiagnostics(shop.cluster))
await shop.close()
