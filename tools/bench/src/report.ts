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
  const { statements, transactions, rows, confirms, walBytes, networkBytes } = top.perSaga
  const perSecond = (value: number): string => value.toFixed(0).padStart(7)
  const withRatio = (limit: number): string =>
    `${perSecond(limit)} sagas/s   the system: ${((100 * rate) / limit).toFixed(0)} %`
  return [
    formatTable([columns, ...phases.map(row)]),
    '',
    'At saturation, per saga:',
    ...Object.entries(top.cpuMs).map(([part, ms]) => {
      const { residentMiB, proportionalMiB } = top.memory[part] ?? { residentMiB: 0, proportionalMiB: 0 }
      const memory = `${residentMiB.toFixed(0)} MiB resident, ${proportionalMiB.toFixed(0)} MiB proportional`
      return `  ${part.padEnd(16)} ${(ms / top.load.completed).toFixed(2).padStart(6)} ms CPU   ${memory}`
    }),
    `  ${'the system'.padEnd(16)} ${cpuPerSaga(top).toFixed(2).padStart(6)} ms CPU   ${proportional(top).toFixed(0)} MiB proportional`,
    `  statements ${statements.toFixed(2)}, transactions ${transactions.toFixed(2)}, ` +
      `rows written ${rows.toFixed(2)}, confirms ${confirms.toFixed(2)}`,
    `  WAL ${walBytes.toFixed(0)} bytes, network ${networkBytes.toFixed(0)} bytes`,
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
