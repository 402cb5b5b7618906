import { randomUUID } from 'node:crypto'
import { catalogue, type EventType } from '@order-saga/contracts'
import { encode, type OutgoingEvent, propertiesOf } from '@order-saga/chassis'
import { stores } from '../support/databases.ts'
import type { System } from '../support/system.ts'

const limitMs = 5_000
const duplicatesPerFault = 20
const events: readonly EventType[] = catalogue

/** Bodies that no consumer can decode. */
const malformedBodies = ['no JSON {', '', '[]', '{"hello": "world"}', '{"eventId": 42}']

/** Republishes events and publishes malformed messages. */
export class MessageInjector {
  readonly malformed: { messageId: string; confirmed: boolean; consumers: number }[] = []
  /** Number of republished events. */
  republished = 0
  readonly #system: System

  constructor(system: System) {
    this.#system = system
  }

  /**
   * Republishes past events, either directly or by marking their outbox rows as unpublished.
   * @returns false when the database or the broker was unavailable
   */
  async publishDuplicates(chance: number): Promise<boolean> {
    const store = stores[Math.floor(chance * stores.length)] ?? 'order'
    const byTheRelay = (chance * 10) % 1 < 0.5
    return await inTime(async () => {
      const chosen = `SELECT event_id FROM events WHERE published_at IS NOT NULL ORDER BY random() LIMIT ${duplicatesPerFault}`
      if (byTheRelay) {
        const rows = await this.#system.sql(
          store,
          `UPDATE events SET published_at = NULL, lease_until = now() WHERE event_id IN (${chosen}) RETURNING 1`,
        )
        this.republished += rows.length
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
        this.republished += 1
      }
    })
  }

  /** @returns false when not all messages were confirmed */
  async publishMalformed(chance: number): Promise<boolean> {
    const event = events[Math.floor(chance * events.length)]
    if (event === undefined) return true
    const messages = malformedBodies.map((content) => ({ content, messageId: randomUUID() }))
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

/** @returns whether the work succeeded within the limit; late work continues unobserved */
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
