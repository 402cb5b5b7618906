import type { Static, TSchema } from 'typebox'
import { type Checked, checkerOf, type Rule } from './validation.ts'

export type ServiceName = 'order' | 'payment' | 'inventory' | 'notification'

/** Everything the services agree on about one event; its name is the routing key and the AMQP property `type`. */
export interface EventType<P = unknown, N extends string = string> {
  readonly name: N
  /** Raised when a consumer of the former version would misread the new one; adding an optional field does not. */
  readonly version: number
  readonly publishedBy: ServiceName
  readonly consumedBy: readonly ServiceName[]
  readonly schema: TSchema
  readonly check: (payload: unknown) => Checked<P>
}

export function eventType<N extends string, S extends TSchema>(
  name: N,
  definition: {
    version: number
    publishedBy: ServiceName
    consumedBy: readonly ServiceName[]
    payload: S
    rule?: Rule<Static<S>>
  },
): EventType<Static<S>, N> {
  const { payload, rule, ...rest } = definition
  return { name, ...rest, schema: payload, check: checkerOf(payload, rule) }
}

export type PayloadOf<E> = E extends EventType<infer P> ? P : never
