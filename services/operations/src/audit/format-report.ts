import type { AuditReport, Counted } from './report.ts'

export function formatReport(report: AuditReport): string {
  const lines: string[] = []
  for (const { check, invariant, guarantee, result, violations, kinds } of report.checks) {
    const found = result === 'skipped' ? 'not checked' : counted(violations, 'violation')
    lines.push(`${result.padEnd(8)}  ${invariant ?? '-'} ${check.padEnd(14)}  ${found}: ${guarantee}`)
    for (const kind of kinds) lines.push(`            ${kind.kind}: ${list(kind)}`)
  }
  for (const note of report.information) {
    lines.push(`info        ${note.topic.padEnd(18)}  ${note.about}: ${list(note)}`)
  }
  const checked = `${counted(report.orders, 'order')} and ${counted(report.events, 'event')} in ${report.tookMs} ms`
  lines.push(report.clean ? `clean: ${checked}` : `NOT CLEAN: ${checked}`)
  return lines.join('\n')
}

function list({ count, ids }: Counted): string {
  const more = count - ids.length
  if (ids.length === 0) return String(count)
  return `${count} (${ids.join(', ')}${more > 0 ? ` and ${more} more` : ''})`
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
