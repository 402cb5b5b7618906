import type { DrivenOrder } from './demo-drive.ts'
import { outcome } from './demo-flows.ts'
import type { Flow } from './demo-flows.ts'

/** The middle one of the values, or the mean of the two in the middle; undefined for none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

function time(ms: number | undefined): string {
  if (ms === undefined) return '-'
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`
}

function counted(outcomes: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const one of outcomes) counts.set(one, (counts.get(one) ?? 0) + 1)
  return [...counts].map(([one, count]) => `${count} ${one}`).join(', ')
}

/** The table of what was expected and what came of it. The times are medians. */
export function demoTable(results: readonly { flow: Flow; driven: readonly DrivenOrder[] }[]): string {
  const rows = results.map(({ flow, driven }) => [
    flow.name,
    String(flow.orders),
    outcome(flow.expected),
    counted(driven.map(({ saga, asExpected }) => (asExpected ? 'as expected' : outcome(saga)))),
    time(median(driven.map(({ clientMs }) => clientMs))),
    time(median(driven.flatMap(({ serverMs }) => serverMs ?? []))),
  ])
  const table = [['flow', 'orders', 'expected', 'got', 'client saw', 'service took'], ...rows]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  const numeric = new Set([1, 4, 5])
  const lines = table.map((row) =>
    row.map((cell, column) => (numeric.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))),
  )
  return lines.map((cells) => cells.join('  ').trimEnd()).join('\n')
}
