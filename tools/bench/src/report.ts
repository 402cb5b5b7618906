import type { BenchResult } from './bench.ts'
import type { Latencies } from './load-plan.ts'
import { cpuPerSaga, type Phase, rateOf, systemOf } from './phase.ts'
import { formatTable } from './table.ts'

const columns = ['phase', 'sagas/s', 'POST p50', 'p99', 'outcome p50', 'p99', 'p99.9', 'CPU ms/saga', 'cores'] as const

/** The result as text. Times are in ms. */
export function formatBench({ phases, hops, alone, bare, violations }: BenchResult): string {
  const top = phases[0]
  if (top === undefined) return 'Nothing was measured.'
  const rate = rateOf(top)
  const { rows, confirms, walBytes, networkBytes } = top.perSaga
  const perSecond = (value: number): string => value.toFixed(0).padStart(7)
  const withRatio = (limit: number): string =>
    `${perSecond(limit)} sagas/s   the system: ${((100 * rate) / limit).toFixed(0)} %`
  return [
    formatTable([columns, ...phases.map(row)]),
    '',
    'Per saga, CPU in ms:',
    formatCosts(phases),
    '',
    'At saturation:',
    `  rows written ${rows.toFixed(2)}, confirms ${confirms.toFixed(2)}, WAL ${walBytes.toFixed(0)} bytes, ` +
      `network ${networkBytes.toFixed(0)} bytes per saga`,
    ...Object.entries(top.memory).map(
      ([part, { residentMiB, proportionalMiB }]) =>
        `  ${part.padEnd(16)} ${residentMiB.toFixed(0)} MiB resident, ${proportionalMiB.toFixed(0)} MiB proportional`,
    ),
    `  ${'the system'.padEnd(16)} ${proportional(top).toFixed(0)} MiB proportional`,
    '',
    'At idle, from the decision of one event to that of the next:',
    ...hops.map(
      ({ from, to, p50, p90 }) =>
        `  ${`${from} to ${to}`.padEnd(41)} p50 ${p50.toFixed(1)} ms, p90 ${p90.toFixed(1)} ms`,
    ),
    '',
    'Components alone:',
    `  relay, polled from the table              ${perSecond(alone.relay.fromTable)} events/s`,
    `  relay, offered after the commit           ${perSecond(alone.relay.fromMemory)} events/s`,
    `  inventory, with a full queue              ${perSecond(alone.consumer)} messages/s`,
    '',
    'Servers alone:',
    `  PostgreSQL, 1 saga per transaction        ${withRatio(bare.sqlOne)}`,
    `  PostgreSQL, 100 sagas per transaction     ${withRatio(bare.sqlHundred)}`,
    `  RabbitMQ, confirmed and acknowledged      ${withRatio(bare.messages)}`,
    `  one saga, idle                            ${latency(bare.path.idle)}`,
    `  one saga, sequential                      ${latency(bare.path.warm)}`,
    '',
    auditLine(violations),
  ].join('\n')
}

/** The cost of a saga in each phase: CPU time of each part, and the work of PostgreSQL. */
function formatCosts(phases: readonly Phase[]): string {
  const parts = Object.keys(phases[0]?.cpuMs ?? {})
  return formatTable([
    ['phase', ...parts, 'statements', 'transactions', 'round trips'],
    ...phases.map(({ name, cpuMs, load, perSaga: { statements, transactions, roundTrips } }) => [
      name,
      ...parts.map((part) => (cpuMs[part] ?? 0) / Math.max(1, load.completed)).map((ms) => ms.toFixed(2)),
      ...[statements, transactions, roundTrips].map((count) => count.toFixed(2)),
    ]),
  ])
}

const latency = ({ p50, p99 }: Latencies): string => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`

/** Total of services and servers, in MiB. */
function proportional({ memory }: Phase): number {
  return systemOf(memory).reduce((sum, [, { proportionalMiB }]) => sum + proportionalMiB, 0)
}

export const auditLine = (violations: string): string =>
  violations === '' ? 'The audit of all orders is clean.' : `The audit found violations: ${violations}`

/** The name of a phase, with its failures. */
export function nameOf({ name, load: { refused, failed, unfinished } }: Phase): string {
  return refused + failed + unfinished === 0
    ? name
    : `${name} (${refused} refused, ${failed} failed, ${unfinished} open)`
}

function row(phase: Phase): string[] {
  const { post, outcome } = phase.load
  const times = [post.p50, post.p99, outcome.p50, outcome.p99, outcome.p999].map((ms) => ms.toFixed(1))
  return [nameOf(phase), rateOf(phase).toFixed(0), ...times, cpuPerSaga(phase).toFixed(2), phase.cores.toFixed(2)]
}
