import { loadConfig } from '@order-saga/chassis'
import { audit } from './audit/audit.ts'
import { formatReport } from './audit/format-report.ts'
import { auditSources } from './audit-config.ts'
import { exitCodes, notDone, type Output } from './audit-command.ts'
import { drill } from './drill/drill.ts'
import { formatDrill } from './drill/format-drill.ts'
import { type DrillConfig, drillSettings } from './drill-config.ts'

/**
 * Runs the `drill` command: drives orders through the flows of a running system, then audits it.
 * @returns the exit code: 0 only when every order has its expected final status and no invariant is violated
 */
export async function runDrill(environment: NodeJS.ProcessEnv, print: Output): Promise<number> {
  try {
    const config = loadConfig<DrillConfig>(drillSettings, environment)
    print.out(`Placing ${config.orders} orders at ${config.orderUrl}`)
    const result = await drill({ ...config, withTimeout: config.timeoutFlow === 'true', onProgress: print.out })
    print.out(formatDrill(result))
    const report = await audit({ ...auditSources(config), clientAnswers: result.answers }, config)
    print.out(`\nAudit of all orders\n${formatReport(report)}`)
    return report.clean && result.failures.length === 0 ? exitCodes.clean : exitCodes.violated
  } catch (error) {
    return notDone('drill', error, print)
  }
}
