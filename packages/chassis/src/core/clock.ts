/** Reads the clock of a database, in milliseconds since 1970. */
export type ReadClock = () => Promise<number>

interface Measurement {
  /** Time of the database minus monotonic time of this process. */
  readonly offsetMs: number
  /** Half the round trip: the database read its clock at some moment within it. */
  readonly errorMs: number
}

/** Of one measurement; the one with the shortest round trip counts. */
const samples = 3

/**
 * The time of a database: the monotonic clock of this process plus a measured offset. Retention, leases and deadlines of all
 * processes of a service thereby follow one clock, and a jump of a process's own clock has no effect on them.
 */
export class DatabaseClock {
  #known: Measurement | undefined

  /** The process's own time before the first measurement. */
  now(): Date {
    return this.#known === undefined ? new Date() : new Date(performance.now() + this.#known.offsetMs)
  }

  /** How far the process's own clock is ahead of the database's, in milliseconds; 0 before the first measurement. */
  get skewMs(): number {
    return this.#known === undefined ? 0 : Date.now() - (performance.now() + this.#known.offsetMs)
  }

  /** The skew without what may be the error of the measurement. */
  get certainSkewMs(): number {
    return Math.max(0, Math.abs(this.skewMs) - (this.#known?.errorMs ?? 0))
  }

  /** Measures the offset. An earlier, more exact measurement stays as long as the new one agrees with it. */
  async measure(read: ReadClock): Promise<void> {
    const taken: Measurement[] = []
    for (let i = 0; i < samples; i += 1) taken.push(await sample(read))
    const [best] = taken.toSorted((one, other) => one.errorMs - other.errorMs) as [Measurement]
    const known = this.#known
    const agrees = known !== undefined && Math.abs(known.offsetMs - best.offsetMs) <= known.errorMs + best.errorMs
    if (!agrees || best.errorMs < known.errorMs) this.#known = best
  }
}

async function sample(read: ReadClock): Promise<Measurement> {
  const sentAt = performance.now()
  const time = await read()
  const receivedAt = performance.now()
  return { offsetMs: time - (sentAt + receivedAt) / 2, errorMs: (receivedAt - sentAt) / 2 }
}
