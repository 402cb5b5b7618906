import { audit } from '../audit/audit.ts'
import { formatReport } from '../audit/format-report.ts'
import { auditSources } from '../audit-config.ts'
import type { CommandContext } from './command-context.ts'
import type { Result } from './result.ts'

/** The audit as a subcommand; `items` are its checks. */
export async function runAuditOf({ config }: CommandContext): Promise<Result> {
  const report = await audit(auditSources(config), config)
  const { checks, ...summary } = report
  return { items: checks, summary, text: formatReport(report), wrong: !report.clean }
}
