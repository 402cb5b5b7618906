import { createHash } from 'node:crypto'

export type Operation = 'charge' | 'refund' | 'findCharge' | 'findRefund'

/** The requests that a misbehaviour applies to; an omitted property selects all. */
export interface Selector {
  readonly operation?: Operation
  readonly key?: string
  /** Only the next so many selected requests. */
  readonly times?: number
  /** Only this part of the selected requests, 0 to 1; which ones follows from the key and its number of requests. */
  readonly share?: number
}

/**
 * How a request is answered:
 * `right`: as it should be; `hang`: never; `cut`: the connection ends without an answer; `cut-halfway`: it ends in the
 * middle of the body; `stall`: the body stops in its middle and the connection stays; `garbage`: no JSON;
 * `no-http`: no HTTP either, and it repeats the credentials; `huge`: the right answer in more than a megabyte; `redirect`: 307 to the same path; `fields`: the right answer with
 * these fields replaced; `status`: any other answer.
 */
export type Answer =
  | 'right'
  | 'hang'
  | 'cut'
  | 'cut-halfway'
  | 'stall'
  | 'garbage'
  | 'no-http'
  | 'huge'
  | 'redirect'
  | { readonly fields: Readonly<Record<string, unknown>> }
  | { readonly status: number; readonly body?: unknown }

export interface Misbehaviour {
  /** `right` when left out. */
  readonly answer?: Answer
  /** Whether money moves all the same. Yes when left out. */
  readonly takesEffect?: boolean
  /** How long the answer is held back, in milliseconds. The effect is not. */
  readonly delayMs?: number
  /** Money moves only that much later, even if the connection has gone; until then its key is in progress (409). */
  readonly effectAfterMs?: number
  /** Look-ups do not show the effect for that long. */
  readonly visibleAfterMs?: number
  /** The provider gets the request so many times, as from a proxy that repeats it. */
  readonly deliveries?: number
}

/** One misbehaviour in force, until `lift` or until its `times` are used up. */
export interface Rule {
  /** How many requests it has applied. */
  readonly applied: number
  lift(): void
}

/** The active misbehaviours; only the oldest that selects a request applies to it. */
export class Misbehaviours {
  readonly #rules: { readonly selector: Selector; readonly misbehaviour: Misbehaviour; applied: number }[] = []
  readonly #seen = new Map<string, number>()

  add(selector: Selector, misbehaviour: Misbehaviour): Rule {
    const rules = this.#rules
    const rule = { selector, misbehaviour, applied: 0 }
    rules.push(rule)
    return {
      get applied() {
        return rule.applied
      },
      lift() {
        const at = rules.indexOf(rule)
        if (at >= 0) rules.splice(at, 1)
      },
    }
  }

  clear(): void {
    this.#rules.length = 0
  }

  apply(operation: Operation, key: string): Misbehaviour {
    const request = `${operation} ${key}`
    const number = (this.#seen.get(request) ?? 0) + 1
    this.#seen.set(request, number)
    const rule = this.#rules.find(
      ({ selector, applied }) =>
        (selector.operation ?? operation) === operation &&
        (selector.key ?? key) === key &&
        applied < (selector.times ?? Infinity) &&
        positionOf(`${request} ${number}`) < (selector.share ?? 1),
    )
    if (rule === undefined) return {}
    rule.applied += 1
    return rule.misbehaviour
  }
}

/** Where a request lies in [0, 1): the same in every run, so that a run with a share of failures can be repeated. */
function positionOf(request: string): number {
  return createHash('sha256').update(request).digest().readUInt32BE(0) / 2 ** 32
}
