import type { BenchResult, Phase } from './bench.ts'

const columns = ['phase', 'sagas/s', 'POST p50', 'p99', 'outcome p50', 'p99', 'p99.9', 'CPU ms/saga'] as const

/** The result for people. Times are in ms. */
export function formatBench({ phases, bare, violations }: BenchResult): string {
  const top = phases[0]
  if (top === undefined) return 'Nothing was measured.'
  const rate = rateOf(top)
  return [
    table([[...columns], ...phases.map(row)]),
    '',
    `At saturation, for each saga:`,
    ...Object.entries(top.cpuMs).map(([part, ms]) => {
      const { residentMiB, proportionalMiB } = top.memory[part] ?? { residentMiB: 0, proportionalMiB: 0 }
      const memory = `${residentMiB.toFixed(0)} MiB resident, ${proportionalMiB.toFixed(0)} MiB proportional`
      return `  ${part.padEnd(16)} ${(ms / top.load.completed).toFixed(2).padStart(6)} ms CPU   ${memory}`
    }),
    `  statements ${top.perSaga.statements.toFixed(2)}, transactions ${top.perSaga.transactions.toFixed(2)}, confirms ${top.perSaga.confirms.toFixed(2)}`,
    `  WAL ${top.perSaga.walBytes.toFixed(0)} bytes, network ${top.perSaga.networkBytes.toFixed(0)} bytes`,
    '',
    'The limit beside it, with nothing else on the machine:',
    `  bare SQL, a saga in each transaction      ${bare.sqlOne.toFixed(0).padStart(7)} sagas/s   our share ${share(rate, bare.sqlOne)}`,
    `  bare SQL, 100 sagas in each transaction   ${bare.sqlHundred.toFixed(0).padStart(7)} sagas/s   our share ${share(rate, bare.sqlHundred)}`,
    `  bare messages, confirmed and acknowledged ${bare.messages.toFixed(0).padStart(7)} sagas/s   our share ${share(rate, bare.messages)}`,
    '',
    violations === '' ? 'The audit of all orders is clean.' : `The audit found violations: ${violations}`,
  ].join('\n')
}

const rateOf = ({ load }: Phase): number => load.completed / load.seconds
const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`

/** CPU of the system, without that of the load generator. */
export function cpuPerSaga({ cpuMs, load }: Phase): number {
  const parts = Object.entries(cpuMs).filter(([part]) => part !== 'load generator')
  return parts.reduce((sum, [, ms]) => sum + ms, 0) / Math.max(1, load.completed)
}

function row(phase: Phase): string[] {
  const { post, outcome, refused, failed, unfinished } = phase.load
  const trouble = refused + failed + unfinished
  const name = trouble === 0 ? phase.name : `${phase.name} (${refused} refused, ${failed} failed, ${unfinished} open)`
  const times = [post.p50, post.p99, outcome.p50, outcome.p99, outcome.p999].map((ms) => ms.toFixed(1))
  return [name, rateOf(phase).toFixed(0), ...times, cpuPerSaga(phase).toFixed(2)]
}

function table(rows: readonly string[][]): string {
  const widths = columns.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  return rows
    .map((cells) =>
      cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n')
}
