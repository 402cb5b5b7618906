import { randomUUID } from 'node:crypto'
import { catalogue, type EventType } from '@order-saga/contracts'
import { encode, type OutgoingEvent, propertiesOf } from '@order-saga/chassis'
import { stores } from '../support/databases.ts'
import type { System } from '../support/system.ts'

const limitMs = 5_000
const duplicatesAtOnce = 20
const events: readonly EventType[] = catalogue

/** What no consumer can take for an event, whatever its routing key. */
const nonsense = ['no JSON {', '', '[]', '{"hello": "world"}', '{"eventId": 42}']

/** Puts messages into the exchange that nobody should have to expect. */
export class Injector {
  readonly malformed: { messageId: string; confirmed: boolean; consumers: number }[] = []
  /** Events that were published again, by us and, as after a restore, by the services. */
  repeated = 0
  readonly #system: System

  constructor(system: System) {
    this.#system = system
  }

  /**
   * Repeats events of the past: the very messages again, or their rows are taken for unpublished.
   * @returns false when database or broker were away
   */
  async duplicates(chance: number): Promise<boolean> {
    const store = stores[Math.floor(chance * stores.length)] ?? 'order'
    const byTheRelay = (chance * 10) % 1 < 0.5
    return await inTime(async () => {
      const chosen = `SELECT event_id FROM events WHERE published_at IS NOT NULL ORDER BY random() LIMIT ${duplicatesAtOnce}`
      if (byTheRelay) {
        const rows = await this.#system.sql(
          store,
          `UPDATE events SET published_at = NULL, lease_until = now() WHERE event_id IN (${chosen}) RETURNING 1`,
        )
        this.repeated += rows.length
        return
      }
      const rows = await this.#system.sql<OutgoingEvent>(
        store,
        `SELECT event_id AS "eventId", saga_id AS "sagaId", order_id AS "orderId", routing_key AS name,
           schema_version AS version, created_at AS "createdAt", payload::text AS payload,
           causation_id AS "causationId", traceparent
         FROM events WHERE event_id IN (${chosen})`,
      )
      for (const row of rows) {
        const event: OutgoingEvent = {
          ...row,
          causationId: row.causationId ?? undefined,
          traceparent: row.traceparent ?? undefined,
        }
        await this.#system.broker.publish(event.name, { content: encode(event), options: propertiesOf(event) })
        this.repeated += 1
      }
    })
  }

  /** @returns false when it is not known whether the broker has all of them */
  async nonsense(chance: number): Promise<boolean> {
    const event = events[Math.floor(chance * events.length)]
    if (event === undefined) return true
    const messages = nonsense.map((content) => ({ content, messageId: randomUUID() }))
    for (const { messageId } of messages) {
      this.malformed.push({ messageId, confirmed: false, consumers: event.consumedBy.length })
    }
    return await inTime(async () => {
      for (const { content, messageId } of messages) {
        const options = { messageId, type: event.name, persistent: true }
        await this.#system.broker.publish(event.name, { content, options })
        const entry = this.malformed.find((one) => one.messageId === messageId)
        if (entry !== undefined) entry.confirmed = true
      }
    })
  }
}

/** @returns whether the work was done in time; what is late or fails is left to itself */
async function inTime(work: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs)
  })
  const done = work().then(
    () => true,
    () => false,
  )
  const inLimit = await Promise.race([done, late])
  clearTimeout(timer)
  return inLimit
}
