import type { DrilledOrder, DrillResult } from './drill.ts'
import { describe, type FlowName, flowNames, flows, isAt } from './flows.ts'

const shown = 20

type Row = readonly [flow: string, orders: string, expected: string, got: string, median: string, slowest: string]

export function formatDrill({ orders, failures, tookMs }: DrillResult): string {
  const rows = flowNames.flatMap((flow) => {
    const of = orders.filter((order) => order.flow === flow)
    return of.length === 0 ? [] : [row(flow, of)]
  })
  const more = failures.length - shown
  return [
    columns(['flow', 'orders', 'expected', 'got', 'median', 'slowest']),
    ...rows,
    ...failures.slice(0, shown),
    ...(more > 0 ? [`and ${more} more`] : []),
    `${orders.length} orders in ${seconds(tookMs)}: ${failures.length === 0 ? 'all as expected' : 'NOT as expected'}`,
  ].join('\n')
}

function row(flow: FlowName, orders: readonly DrilledOrder[]): string {
  const ends = orders.map(({ saga }) =>
    saga === undefined ? 'unknown' : isAt(saga, flows[flow].end) ? 'as expected' : describe(saga),
  )
  const got = [...new Set(ends)].map((end) => `${ends.filter((other) => other === end).length} ${end}`)
  const times = orders.flatMap(({ saga }) =>
    saga?.finishedAt == null ? [] : [Date.parse(saga.finishedAt) - Date.parse(saga.createdAt)],
  )
  times.sort((a, b) => a - b)
  const [median, slowest] = [times[Math.floor(times.length / 2)], times.at(-1)]
  return columns([flow, String(orders.length), describe(flows[flow].end), got.join('; '), time(median), time(slowest)])
}

function columns([flow, orders, expected, got, median, slowest]: Row): string {
  const left = [flow.padEnd(14), orders.padStart(6), expected.padEnd(36), got.padEnd(15)]
  return [...left, median.padStart(7), slowest.padStart(7)].join('  ')
}

/** From acceptance to the final status, by the clock of the order service. */
function time(ms: number | undefined): string {
  if (ms === undefined) return '-'
  return ms < 1000 ? `${ms} ms` : seconds(ms)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
}
