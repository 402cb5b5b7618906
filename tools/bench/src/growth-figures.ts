import type { GrowthResult } from './growth.ts'
import { cpuPerSaga, type Phase, rateOf } from './phase.ts'

/** A throughput, and what it is of the same one on empty tables. */
export interface Throughput {
  readonly name: string
  readonly perSecond: number
  readonly ratio: number
}

/** What may be lost as the tables fill: as much as two measurements of the same may differ on a shared machine. */
export const leastRatio = 0.8

/** What is compared, in the order of the columns. Times are in ms. */
export const figures: readonly { readonly name: string; readonly of: (phase: Phase) => number }[] = [
  { name: 'sagas/s', of: rateOf },
  { name: 'POST p50', of: ({ load }) => load.post.p50 },
  { name: 'p99', of: ({ load }) => load.post.p99 },
  { name: 'outcome p50', of: ({ load }) => load.outcome.p50 },
  { name: 'p99', of: ({ load }) => load.outcome.p99 },
  { name: 'CPU ms/saga', of: cpuPerSaga },
  { name: 'cores', of: ({ cores }) => cores },
]

/** Each phase that was measured later, with the one on empty tables that it is compared with. */
export function comparisons({ rounds, soak }: GrowthResult): { readonly phase: Phase; readonly empty: Phase }[] {
  const [first, full, soaked] = rounds.map(({ phases }) => phases)
  const pairs = (phases: readonly Phase[] | undefined, indexOf: (i: number) => number) =>
    (phases ?? []).flatMap((phase, i) => {
      const empty = first?.[indexOf(i)]
      return empty === undefined ? [] : [{ phase, empty }]
    })
  return [...pairs(full, (i) => i), ...pairs(soak, () => 0), ...pairs(soaked, (i) => i)]
}

/** All throughputs that growth may not lower. */
export function throughputs(result: GrowthResult): Throughput[] {
  const { backlog, rounds } = result
  const saturation = rounds[0]?.phases[0]
  const phases = comparisons(result).map(({ phase, empty }) => ({
    name: phase.name,
    perSecond: rateOf(phase),
    ratio: rateOf(phase) / rateOf(empty),
  }))
  if (backlog === undefined || saturation === undefined) return phases
  const { workedOff } = backlog
  return [...phases, { name: 'backlog', perSecond: workedOff, ratio: workedOff / rateOf(saturation) }]
}

/** Those that fell too far; a ratio that is no number has fallen. */
export function fallen(result: GrowthResult): Throughput[] {
  return throughputs(result).filter(({ ratio }) => !(ratio >= leastRatio))
}
