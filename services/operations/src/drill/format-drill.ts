import type { DrilledOrder, DrillResult } from './drill.ts'
import { flowNames, flows, isAt } from './flows.ts'

const shown = 20

/** The drill for people: a line per flow, what is wrong, and the verdict. */
export function formatDrill({ orders, complaints, tookMs }: DrillResult): string {
  const rows = flowNames.flatMap((flow) => {
    const of = orders.filter((order) => order.flow === flow)
    return of.length === 0 ? [] : [row(flow, of)]
  })
  const more = complaints.length - shown
  return [
    ['flow'.padEnd(16), 'orders', 'as promised', ' median', 'slowest'].join('  '),
    ...rows,
    ...complaints.slice(0, shown),
    ...(more > 0 ? [`and ${more} more like these`] : []),
    `${orders.length} orders in ${seconds(tookMs)}: ${complaints.length === 0 ? 'all as promised' : 'NOT as promised'}`,
  ].join('\n')
}

function row(flow: (typeof flowNames)[number], orders: readonly DrilledOrder[]): string {
  const good = orders.filter(({ saga }) => saga !== undefined && isAt(saga, flows[flow].end)).length
  const times = orders.flatMap(({ saga }) =>
    saga?.finishedAt == null ? [] : [Date.parse(saga.finishedAt) - Date.parse(saga.createdAt)],
  )
  times.sort((a, b) => a - b)
  const median = times[Math.floor(times.length / 2)]
  return [
    flow.padEnd(16),
    String(orders.length).padStart(6),
    String(good).padStart(11),
    (median === undefined ? '-' : seconds(median)).padStart(7),
    seconds(times.at(-1) ?? 0).padStart(7),
  ].join('  ')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
}
