import { type Static, Type } from 'typebox'
import { Instant, Uuid } from './envelope.ts'
import { Amount, Currency, Item } from './order-lines.ts'

const strict = { additionalProperties: false } as const
const Count = Type.Integer({ minimum: 0 })

/** An event in the outbox of a service; published ones are kept there for a day unless configured otherwise. */
export const PublishedTrace = Type.Object(
  {
    eventId: Uuid,
    name: Type.String(),
    causationId: Type.Union([Uuid, Type.Null()]),
    at: Instant,
    publishedAt: Type.Union([Instant, Type.Null()]),
    attempts: Count,
    parkedBecause: Type.Union([Type.String(), Type.Null()]),
  },
  strict,
)
export type PublishedTrace = Static<typeof PublishedTrace>

/** What a service has itself recorded of an order: its charge, its reservation. Never an address. */
export const RecordTrace = Type.Object(
  {
    status: Type.String(),
    at: Instant,
    updatedAt: Instant,
    reason: Type.Union([Type.String(), Type.Null()]),
    amount: Type.Optional(Amount),
    currency: Type.Optional(Currency),
    items: Type.Optional(Type.Array(Item)),
    attempts: Type.Optional(Count),
    lastAttemptAt: Type.Optional(Type.Union([Instant, Type.Null()])),
    nextAttemptAt: Type.Optional(Type.Union([Instant, Type.Null()])),
  },
  strict,
)
export type RecordTrace = Static<typeof RecordTrace>

/** What one service knows of one saga: answered on its operations port, for people who look after a saga. */
export const Trail = Type.Object(
  {
    published: Type.Array(PublishedTrace),
    /** Of the events that were asked about: those it has handled, and when. */
    handled: Type.Array(Type.Object({ eventId: Uuid, at: Instant }, strict)),
    record: Type.Union([RecordTrace, Type.Null()]),
  },
  strict,
)
export type Trail = Static<typeof Trail>

export const trailLimits = { events: 100 } as const

/** What a service is asked: `GET /sagas/{sagaId}/trail?orderId=…&events=…,…`. */
export const TrailQuestion = Type.Object(
  {
    sagaId: Uuid,
    orderId: Uuid,
    events: Type.Array(Uuid, { maxItems: trailLimits.events, description: `at most ${trailLimits.events} UUIDs` }),
  },
  strict,
)
export type TrailQuestion = Static<typeof TrailQuestion>
