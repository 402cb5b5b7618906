import { type Static, Type } from 'typebox'
import { Instant } from './instant.ts'

const uuid = { pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' }

export const Uuid = Type.String({ ...uuid, description: 'a UUID' })

/** The body of every message: who and what it is about, and the event's own payload. */
export const EnvelopeSchema = Type.Object({
  eventId: Uuid,
  sagaId: Uuid,
  orderId: Uuid,
  timestamp: Instant,
  payload: Type.Object({}),
})

export type Envelope<P = unknown> = Omit<Static<typeof EnvelopeSchema>, 'payload'> & { readonly payload: P }
