import {
  type AuditReport,
  type CheckName,
  checkNames,
  checks,
  type Counted,
  type Topic,
  topicNames,
  topics,
} from './report.ts'

class Counter {
  #count = 0
  readonly #ids: string[] = []

  add(ids: readonly string[], count: number, shown: number): void {
    this.#count += count
    this.#ids.push(...ids.slice(0, Math.max(0, shown - this.#ids.length)))
  }

  get counted(): Counted {
    return { count: this.#count, ids: this.#ids }
  }
}

export class AuditCounts {
  orders = 0
  events = 0
  readonly #shown: number
  readonly #violations = new Map<CheckName, Map<string, Counter>>()
  readonly #notes = new Map<Topic, Counter>()
  readonly #skipped = new Set<CheckName>()

  constructor(shown: number) {
    this.#shown = shown
  }

  /** `count` may exceed the number of ids. */
  violation(check: CheckName, kind: string, ids: readonly string[], count = ids.length): void {
    if (count === 0) return
    const kinds = this.#violations.get(check) ?? new Map<string, Counter>()
    this.#violations.set(check, kinds)
    const counter = kinds.get(kind) ?? new Counter()
    kinds.set(kind, counter)
    counter.add(ids, count, this.#shown)
  }

  note(topic: Topic, ids: readonly string[], count = ids.length): void {
    if (count === 0) return
    const counter = this.#notes.get(topic) ?? new Counter()
    this.#notes.set(topic, counter)
    counter.add(ids, count, this.#shown)
  }

  skip(check: CheckName): void {
    this.#skipped.add(check)
  }

  report(startedAt: Date, finishedAt: Date): AuditReport {
    const reports = checkNames.map((check, i) => {
      const kinds = [...(this.#violations.get(check) ?? [])].map(([kind, counter]) => ({ kind, ...counter.counted }))
      const violations = kinds.reduce((sum, { count }) => sum + count, 0)
      const kept = this.#skipped.has(check) ? ('skipped' as const) : ('kept' as const)
      return {
        check,
        invariant: i < 6 ? i + 1 : null,
        guarantee: checks[check],
        promise: checks[check],
        result: violations > 0 ? ('violated' as const) : kept,
        violations,
        kinds,
      }
    })
    return {
      clean: reports.every(({ violations }) => violations === 0),
      at: startedAt.toISOString(),
      tookMs: finishedAt.getTime() - startedAt.getTime(),
      orders: this.orders,
      events: this.events,
      checks: reports,
      information: topicNames.flatMap((topic) => {
        const counter = this.#notes.get(topic)
        return counter === undefined ? [] : [{ topic, about: topics[topic], ...counter.counted }]
      }),
    }
  }
}
