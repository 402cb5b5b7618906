import type { GrowthResult } from './growth.ts'
import { comparisons, regressions, figures, minRatio, throughputs } from './growth-figures.ts'
import { type Phase, systemOf } from './phase.ts'
import { auditLine, nameOf } from './report.ts'
import { formatTable } from './table.ts'

/** The result as text: each figure, and in parentheses its ratio to empty tables. Times are in ms. */
export function formatGrowth(result: GrowthResult): string {
  const { rounds, backlog, violations } = result
  const empty = rounds[0]?.phases ?? []
  return [
    formatTable([
      ['phase', ...figures.map(({ name }) => name)],
      ...empty.map((phase) => row(phase)),
      ...comparisons(result).map(({ phase, empty: before }) => row(phase, before)),
    ]),
    '',
    ...rounds.map(
      ({ name, databaseMiB, phases }) =>
        `${name.padEnd(8)} databases ${databaseMiB.toFixed(0)} MiB; ${memory(phases[0])}`,
    ),
    ...(backlog === undefined ? [] : ['', ...backlogLines(result, backlog)]),
    '',
    violations === undefined ? 'No audit: too many orders.' : auditLine(violations),
    ...regressions(result).map(
      ({ name, ratio }) =>
        `${name}: the throughput fell to ${ratio.toFixed(2)} of that on empty tables; minimum ${minRatio}.`,
    ),
  ].join('\n')
}

function row(phase: Phase, empty?: Phase): string[] {
  const cells = figures.map(({ of }) => {
    const value = of(phase)
    const text = value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
    return empty === undefined ? text : `${text} (${(value / of(empty)).toFixed(2)})`
  })
  return [nameOf(phase), ...cells]
}

function memory(saturation: Phase | undefined): string {
  const each = systemOf(saturation?.memory ?? {}).map(([part, { residentMiB }]) => `${part} ${residentMiB.toFixed(0)}`)
  return `resident MiB at saturation: ${each.join(', ')}`
}

function backlogLines(
  result: GrowthResult,
  { orders, accepted, workedOff }: NonNullable<GrowthResult['backlog']>,
): string[] {
  const ratio = throughputs(result).find(({ name }) => name === 'backlog')?.ratio ?? Number.NaN
  return [
    `A backlog of ${orders.toLocaleString('en')} orders was accepted at ${accepted.toFixed(0)} orders/s,`,
    `and processed at ${workedOff.toFixed(0)} sagas/s (${ratio.toFixed(2)} of the saturation on empty tables).`,
  ]
}
