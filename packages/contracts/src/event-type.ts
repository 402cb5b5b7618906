import type { Static, TSchema } from 'typebox'
import { type Checked, checkerOf, type Rule } from './validation.ts'

export type ServiceName = 'order' | 'payment' | 'inventory' | 'notification'

/** Everything the services agree on about one event; its name is the routing key and the AMQP property `type`. */
export interface EventType<P = unknown, N extends string = string> {
  readonly name: N
  /** Raised by every change but a new optional field: docs/events.md, enforced by `released/`. */
  readonly version: number
  /** The oldest version whose readers read this version correctly; `version` unless the definition names an older one. */
  readonly oldestReader: number
  readonly publishedBy: ServiceName
  readonly consumedBy: readonly ServiceName[]
  readonly schema: TSchema
  readonly check: (payload: unknown) => Checked<P>
}

export function eventType<N extends string, S extends TSchema>(
  name: N,
  definition: {
    version: number
    oldestReader?: number
    publishedBy: ServiceName
    consumedBy: readonly ServiceName[]
    payload: S
    rule?: Rule<Static<S>>
  },
): EventType<Static<S>, N> {
  const { payload, rule, oldestReader = definition.version, ...rest } = definition
  return { name, oldestReader, ...rest, schema: payload, check: checkerOf(payload, rule) }
}

export type PayloadOf<E> = E extends EventType<infer P> ? P : never
