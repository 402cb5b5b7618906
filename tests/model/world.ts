import type { Moment } from './clock.ts'

/** Three services keep something; notification keeps nothing and publishes nothing, so nothing depends on it. */
export const keepers = ['order', 'payment', 'inventory'] as const
export type Keeper = (typeof keepers)[number]

/** One event: where it is, and what its consumers have made of it. */
export interface EventState {
  readonly kind: number
  /** Distinguishes events of one kind; each has its own id. */
  readonly copy: number
  /** Bit sets over the keepers that consume it: 1 order, 2 payment, 4 inventory. */
  readonly acked: number
  readonly claimed: number
  readonly effective: number
}

export type Verdict = 'none' | 'charged' | 'declined'

/** The charge as the process sees it that works on order.created. */
export type Charger = 'idle' | 'about to send' | 'waiting'

/** The charge as the sweeper sees it; a number is the state of payment it has read. */
export type Sweeper = 'idle' | 'waiting' | number

/** Everything at one moment. The services' own states are numbers: see `Interned`. */
export interface World {
  readonly moment: Moment
  readonly order: number
  readonly payment: number
  readonly inventory: number
  /** On the shelf at the start. */
  readonly received: number
  /** In the provider's books. */
  readonly charges: number
  readonly refunds: number
  readonly verdict: Verdict
  readonly charger: Charger
  readonly sweeper: Sweeper
  /** Requests to the provider that are in flight. */
  readonly chargesInFlight: number
  readonly refundsInFlight: number
  readonly events: readonly EventState[]
}

export const bitOf = (keeper: Keeper): number => 1 << keepers.indexOf(keeper)

export function keyOf(world: World): string {
  const { moment, order, payment, inventory, charges, refunds, verdict, charger, sweeper } = world
  const { chargesInFlight, refundsInFlight, received, events } = world
  // Small numbers, each in a character of its own: keys are what most of the time and memory goes to.
  let key = String.fromCharCode(
    moment + 4 * charges + 16 * refunds + 64 * chargesInFlight + 256 * refundsInFlight + 1024 * received,
    order,
    payment,
    inventory,
    verdicts.indexOf(verdict) * 4 + chargers.indexOf(charger),
    typeof sweeper === 'number' ? sweeper + 2 : sweeper === 'idle' ? 0 : 1,
  )
  for (const { kind, copy, acked, claimed, effective } of events) {
    key += String.fromCharCode(kind * 8 + copy, acked * 64 + claimed * 8 + effective)
  }
  return key
}

const verdicts: readonly Verdict[] = ['none', 'charged', 'declined']
const chargers: readonly Charger[] = ['idle', 'about to send', 'waiting']

/** Adds events of these kinds; undefined when that would be more of one kind than the model follows. */
export function withEvents(
  events: readonly EventState[],
  kinds: readonly number[],
  limit: number,
): readonly EventState[] | undefined {
  let all = events
  for (const kind of kinds) {
    const copy = all.filter((event) => event.kind === kind).length
    if (copy === limit) return undefined
    const event: EventState = { kind, copy, acked: 0, claimed: 0, effective: 0 }
    const at = all.findIndex((other) => other.kind > kind)
    all = all.toSpliced(at < 0 ? all.length : at, 0, event)
  }
  return all
}

/** Gives values that read the same the same number. */
export class Interned<T> {
  readonly #values: T[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(value: T): number {
    const key = JSON.stringify(value) ?? ''
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.#values.length)
    return this.#values.push(value) - 1
  }

  get(number: number): T {
    return this.#values[number] as T
  }
}
