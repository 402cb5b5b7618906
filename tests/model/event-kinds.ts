import { catalogue, type EventName, type EventType, type ServiceName } from '@order-saga/contracts'

/** Events that reactions distinguish only by their ids. */
export interface EventKind {
  readonly number: number
  readonly name: EventName
  readonly type: EventType
  readonly payload: unknown
  readonly consumers: readonly ServiceName[]
}

const types: ReadonlyMap<string, EventType> = new Map(catalogue.map((type) => [type.name, type]))

/** Numbers the kinds of events in the order in which they first come up. */
export class EventKinds {
  readonly #kinds: EventKind[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(name: string, payload: unknown): number {
    const key = `${name} ${JSON.stringify(payload)}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const type = types.get(name)
    if (type === undefined) throw new Error(`unknown event: ${name}`)
    const number = this.#kinds.length
    this.#numbers.set(key, number)
    this.#kinds.push({ number, name: name as EventName, type, payload, consumers: type.consumedBy })
    return number
  }

  get(number: number): EventKind {
    const kind = this.#kinds[number]
    if (kind === undefined) throw new Error(`no kind of event has the number ${number}`)
    return kind
  }

  /** For people: the name, and the reason where there are several. */
  labelOf(number: number): string {
    const { name, payload } = this.get(number)
    const reason = (payload as { reason?: unknown }).reason
    return typeof reason === 'string' ? `${name} (${reason})` : name
  }
}
