/** One step from a state to another. */
export interface Step<S> {
  readonly label: string
  readonly next: S
  /** Set when the step itself violates an invariant. */
  readonly broken?: string | undefined
}

export interface Model<S> {
  readonly initial: readonly { readonly label: string; readonly state: S }[]
  /** The same text for equivalent states. */
  readonly key: (state: S) => string
  readonly steps: (state: S) => readonly Step<S>[]
  /** The violated invariant of a state; undefined if there is none. */
  readonly brokenIn: (state: S) => string | undefined
  /** The violated invariant of a state without further steps. */
  readonly brokenAtEnd: (state: S) => string | undefined
  /** The kind of a final state, for the count per kind. */
  readonly endOf: (state: S) => string
}

export interface Counterexample {
  readonly broken: string
  /** The steps from the initial state; no shorter path violates an invariant. */
  readonly steps: readonly string[]
}

export interface Exploration {
  readonly states: number
  /** Steps between two different states. */
  readonly steps: number
  /** The number of states without further steps, by kind. */
  readonly ends: ReadonlyMap<string, number>
  /** Steps from an initial state to the farthest one. */
  readonly depth: number
  readonly counterexample?: Counterexample
}

/**
 * Visits every reachable state in breadth-first order, and stops at the first violation. Without a violation it checks
 * that a final state is reachable from every state (no deadlock, no livelock).
 * @throws when there are more than `limit` states
 */
export function explore<S>(model: Model<S>, limit = 2_000_000): Exploration {
  const seen = new Map<string, number>()
  const parents: number[] = []
  const labels: string[] = []
  const depths: number[] = []
  const from: number[] = []
  const to: number[] = []
  const ends: number[] = []
  const kindsOfEnds = new Map<string, number>()
  let frontier: { id: number; state: S }[] = []

  const enter = (state: S, parent: number, label: string, queue: { id: number; state: S }[]): number => {
    const key = model.key(state)
    const known = seen.get(key)
    if (known !== undefined) return known
    const id = seen.size
    if (id === limit) throw new Error(`more than ${limit} states`)
    seen.set(key, id)
    parents.push(parent)
    labels.push(label)
    depths.push(parent < 0 ? 0 : (depths[parent] ?? 0) + 1)
    queue.push({ id, state })
    return id
  }
  const wayTo = (id: number): string[] => {
    const way: string[] = []
    for (let at = id; at >= 0; at = parents[at] ?? -1) way.unshift(labels[at] ?? '')
    return way
  }
  const result = (counterexample?: Counterexample): Exploration => ({
    states: seen.size,
    steps: from.length,
    ends: kindsOfEnds,
    depth: depths.at(-1) ?? 0,
    ...(counterexample === undefined ? {} : { counterexample }),
  })

  let broken: Counterexample | undefined
  for (const { label, state } of model.initial) {
    const id = enter(state, -1, label, frontier)
    const promise = model.brokenIn(state)
    if (promise !== undefined) broken ??= { broken: promise, steps: wayTo(id) }
  }
  while (frontier.length > 0 && broken === undefined) {
    const next: { id: number; state: S }[] = []
    for (const { id, state } of frontier) {
      let moved = false
      for (const step of model.steps(state)) {
        const size = seen.size
        const target = enter(step.next, id, step.label, next)
        const promise = step.broken ?? (seen.size > size ? model.brokenIn(step.next) : undefined)
        // Not returned at once: an end of this level may be broken, and its way is shorter.
        if (promise !== undefined) broken ??= { broken: promise, steps: [...wayTo(id), step.label] }
        if (target === id) continue
        moved = true
        from.push(id)
        to.push(target)
      }
      if (moved) continue
      const promise = model.brokenAtEnd(state)
      if (promise !== undefined) return result({ broken: promise, steps: wayTo(id) })
      ends.push(id)
      const end = model.endOf(state)
      kindsOfEnds.set(end, (kindsOfEnds.get(end) ?? 0) + 1)
    }
    frontier = next
  }
  if (broken !== undefined) return result(broken)
  const stuck = firstWithoutEnd(seen.size, from, to, ends)
  return stuck === undefined ? result() : result({ broken: 'no end can be reached any more', steps: wayTo(stuck) })
}

/** The nearest state from which no final state is reachable. */
function firstWithoutEnd(
  size: number,
  from: readonly number[],
  to: readonly number[],
  ends: readonly number[],
): number | undefined {
  // The steps into each state, as a linked list in two arrays.
  const newest = new Int32Array(size).fill(-1)
  const older = new Int32Array(to.length)
  for (const [i, target] of to.entries()) {
    older[i] = newest[target] ?? -1
    newest[target] = i
  }
  const reaches = new Uint8Array(size)
  const work = [...ends]
  for (const end of ends) reaches[end] = 1
  for (let state = work.pop(); state !== undefined; state = work.pop()) {
    for (let step = newest[state] ?? -1; step >= 0; step = older[step] ?? -1) {
      const source = from[step] ?? 0
      if (reaches[source] === 1) continue
      reaches[source] = 1
      work.push(source)
    }
  }
  const stuck = reaches.indexOf(0)
  return stuck < 0 ? undefined : stuck
}
