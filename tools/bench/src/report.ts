import type { BenchResult } from './bench.ts'
import type { Latencies } from './load-plan.ts'
import { cpuPerSaga, type Phase, rateOf, systemOf } from './phase.ts'
import { table } from './table.ts'

const columns = ['phase', 'sagas/s', 'POST p50', 'p99', 'outcome p50', 'p99', 'p99.9', 'CPU ms/saga', 'cores'] as const

/** The result for people. Times are in ms. */
export function formatBench({ phases, hops, alone, bare, violations }: BenchResult): string {
  const top = phases[0]
  if (top === undefined) return 'Nothing was measured.'
  const rate = rateOf(top)
  const { statements, transactions, rows, confirms, walBytes, networkBytes } = top.perSaga
  const perSecond = (value: number): string => value.toFixed(0).padStart(7)
  const beside = (limit: number): string =>
    `${perSecond(limit)} sagas/s   our share ${((100 * rate) / limit).toFixed(0)} %`
  return [
    table([columns, ...phases.map(row)]),
    '',
    `At saturation, for each saga:`,
    ...Object.entries(top.cpuMs).map(([part, ms]) => {
      const { residentMiB, proportionalMiB } = top.memory[part] ?? { residentMiB: 0, proportionalMiB: 0 }
      const memory = `${residentMiB.toFixed(0)} MiB resident, ${proportionalMiB.toFixed(0)} MiB proportional`
      return `  ${part.padEnd(16)} ${(ms / top.load.completed).toFixed(2).padStart(6)} ms CPU   ${memory}`
    }),
    `  ${'all but the load'.padEnd(16)} ${cpuPerSaga(top).toFixed(2).padStart(6)} ms CPU   ${proportional(top).toFixed(0)} MiB proportional`,
    `  statements ${statements.toFixed(2)}, transactions ${transactions.toFixed(2)}, ` +
      `rows written ${rows.toFixed(2)}, confirms ${confirms.toFixed(2)}`,
    `  WAL ${walBytes.toFixed(0)} bytes, network ${networkBytes.toFixed(0)} bytes`,
    '',
    'At idle, from the decision that one event records to that of the next:',
    ...hops.map(
      ({ from, to, p50, p90 }) =>
        `  ${`${from} to ${to}`.padEnd(41)} p50 ${p50.toFixed(1)} ms, p90 ${p90.toFixed(1)} ms`,
    ),
    '',
    'Parts alone, with nothing else on the machine:',
    `  relay, a table full of events             ${perSecond(alone.relay.fromTable)} events/s`,
    `  relay, events handed over after commit    ${perSecond(alone.relay.fromMemory)} events/s`,
    `  inventory, a queue full of payments       ${perSecond(alone.consumer)} messages/s`,
    '',
    'The limit beside it, with nothing else on the machine:',
    `  bare SQL, a saga in each transaction      ${beside(bare.sqlOne)}`,
    `  bare SQL, 100 sagas in each transaction   ${beside(bare.sqlHundred)}`,
    `  bare messages, confirmed and acknowledged ${beside(bare.messages)}`,
    `  bare path of one saga at idle             ${latency(bare.path.idle)}`,
    `  bare path of one saga after the other     ${latency(bare.path.warm)}`,
    '',
    auditLine(violations),
  ].join('\n')
}

const latency = ({ p50, p99 }: Latencies): string => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`

/** Of the services and their servers together, in MiB. */
function proportional({ memory }: Phase): number {
  return systemOf(memory).reduce((sum, [, { proportionalMiB }]) => sum + proportionalMiB, 0)
}

export const auditLine = (violations: string): string =>
  violations === '' ? 'The audit of all orders is clean.' : `The audit found violations: ${violations}`

/** Its name, with what went wrong in it. */
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
