import { SeededRandom } from '../support/random.ts'
import { type Fault, type FaultKind, faultKinds } from './faults.ts'

export interface ScheduleOptions {
  readonly seed: number
  readonly durationMs: number
}

/** Mean time between the starts of two faults; most last longer, so that faults overlap. */
const meanGapMs = 2_200

/**
 * The faults of a run, by start time; deterministic for a seed and a duration. Every kind occurs `weight` times before any
 * kind occurs more often, and every fault ends within the duration.
 */
export function schedule({ seed, durationMs }: ScheduleOptions): Fault[] {
  const random = new SeededRandom(seed)
  const faults: Fault[] = []
  const freeAt = new Map<string, number>()
  let remaining: FaultKind[] = []
  let atMs = 0
  for (;;) {
    atMs += Math.round(meanGapMs * (0.3 + 1.4 * random.next()))
    if (atMs >= durationMs) return faults
    if (remaining.length === 0) remaining = shuffledKinds(random)
    const fault = takeFault(remaining, atMs)
    if (fault !== undefined) faults.push(fault)
  }

  function takeFault(kinds: FaultKind[], at: number): Fault | undefined {
    for (const [i, kind] of kinds.entries()) {
      const target = random.of(kind.targets)
      const resource = kind.resource(target)
      const { minMs, maxMs, name } = kind
      const faultMs = Math.round(minMs + (maxMs - minMs) * random.next())
      if ((freeAt.get(resource) ?? 0) > at || at + faultMs > durationMs) continue
      kinds.splice(i, 1)
      freeAt.set(resource, at + faultMs)
      return { atMs: at, name: name as Fault['name'], target, resource, durationMs: faultMs, chance: random.next() }
    }
    return undefined
  }
}

/** Each kind `weight` times, in random order. */
function shuffledKinds(random: SeededRandom): FaultKind[] {
  const left: FaultKind[] = faultKinds.flatMap((kind) => Array.from({ length: kind.weight }, () => kind))
  const shuffled: FaultKind[] = []
  while (left.length > 0) shuffled.push(...left.splice(random.below(left.length), 1))
  return shuffled
}

/** The number of faults by kind, as text. */
export function summarize(faults: readonly Fault[]): string {
  const counts = new Map<string, number>()
  for (const { name, target } of faults) {
    const kind = target.includes('-') ? `${name} link` : `${name} ${target}`
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  const listed = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${kind} ${count}`)
  return `${faults.length} faults: ${listed.join(', ')}`
}
