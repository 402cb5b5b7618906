import { audit } from '../audit/audit.ts'
import { formatReport } from '../audit/format-report.ts'
import { auditSources } from '../audit-config.ts'
import type { Result } from './result.ts'
import type { Workplace } from './workplace.ts'

/** The audit as a subcommand; `items` are its checks. */
export async function runAuditOf(workplace: Workplace): Promise<Result> {
  const { config } = workplace
  const report = await workplace.reading(() => audit(auditSources(config), config))
  const { checks, ...summary } = report
  return { items: checks, summary, text: formatReport(report), wrong: !report.clean }
}
