import { SeededRandom } from '../support/random.ts'
import { type Fault, type FaultKind, faultKinds } from './faults.ts'

export interface ScheduleOptions {
  readonly seed: number
  readonly durationMs: number
}

/** On the average one fault begins in that time, and most last longer: they overlap. */
const meanGapMs = 2_200

/**
 * The faults of a run, in the order of their time: the same for the same seed and duration. Every kind comes up before
 * any comes up more often than its weight says, and all are over when the time is.
 */
export function schedule({ seed, durationMs }: ScheduleOptions): Fault[] {
  const random = new SeededRandom(seed)
  const faults: Fault[] = []
  const freeAt = new Map<string, number>()
  let deck: FaultKind[] = []
  let atMs = 0
  for (;;) {
    atMs += Math.round(meanGapMs * (0.3 + 1.4 * random.next()))
    if (atMs >= durationMs) return faults
    if (deck.length === 0) deck = shuffled(random)
    const drawn = draw(deck, atMs)
    if (drawn !== undefined) faults.push(drawn)
  }

  function draw(cards: FaultKind[], at: number): Fault | undefined {
    for (const [i, kind] of cards.entries()) {
      const target = random.of(kind.targets)
      const resource = kind.resource(target)
      const { shortestMs, longestMs, name } = kind
      const forMs = Math.round(shortestMs + (longestMs - shortestMs) * random.next())
      if ((freeAt.get(resource) ?? 0) > at || at + forMs > durationMs) continue
      cards.splice(i, 1)
      freeAt.set(resource, at + forMs)
      return { atMs: at, name: name as Fault['name'], target, resource, forMs, chance: random.next() }
    }
    return undefined
  }
}

/** Each kind as often as it weighs, in any order. */
function shuffled(random: SeededRandom): FaultKind[] {
  const left: FaultKind[] = faultKinds.flatMap((kind) => Array.from({ length: kind.weight }, () => kind))
  const cards: FaultKind[] = []
  while (left.length > 0) cards.push(...left.splice(random.below(left.length), 1))
  return cards
}

/** How many faults of each kind, for people. */
export function summary(faults: readonly Fault[]): string {
  const counts = new Map<string, number>()
  for (const { name, target } of faults) {
    const kind = target.includes('-') ? `${name} link` : `${name} ${target}`
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  const listed = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${kind} ${count}`)
  return `${faults.length} faults: ${listed.join(', ')}`
}
