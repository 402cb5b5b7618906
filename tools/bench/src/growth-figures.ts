import type { GrowthResult } from './growth.ts'
import { cpuPerSaga, type Phase, rateOf } from './phase.ts'

/** A throughput, and its ratio to the same phase on empty tables. */
export interface Throughput {
  readonly name: string
  readonly perSecond: number
  readonly ratio: number
}

/** Tolerates the difference between two equal measurements on a shared machine. */
export const minRatio = 0.8

/** The compared figures, in column order. Times are in ms. */
export const figures: readonly { readonly name: string; readonly of: (phase: Phase) => number }[] = [
  { name: 'sagas/s', of: rateOf },
  { name: 'POST p50', of: ({ load }) => load.post.p50 },
  { name: 'p99', of: ({ load }) => load.post.p99 },
  { name: 'outcome p50', of: ({ load }) => load.outcome.p50 },
  { name: 'p99', of: ({ load }) => load.outcome.p99 },
  { name: 'CPU ms/saga', of: cpuPerSaga },
  { name: 'cores', of: ({ cores }) => cores },
]

/** Pairs each later phase with its counterpart on empty tables. */
export function comparisons({ rounds, soak }: GrowthResult): { readonly phase: Phase; readonly empty: Phase }[] {
  const [first, full, soaked] = rounds.map(({ phases }) => phases)
  const pairs = (phases: readonly Phase[] | undefined, indexOf: (i: number) => number) =>
    (phases ?? []).flatMap((phase, i) => {
      const empty = first?.[indexOf(i)]
      return empty === undefined ? [] : [{ phase, empty }]
    })
  return [...pairs(full, (i) => i), ...pairs(soak, () => 0), ...pairs(soaked, (i) => i)]
}

/** All throughputs that must not fall with growing tables. */
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

/** The throughputs below `minRatio`; NaN counts as below. */
export function regressions(result: GrowthResult): Throughput[] {
  return throughputs(result).filter(({ ratio }) => !(ratio >= minRatio))
}
