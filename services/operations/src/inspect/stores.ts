import { catalogue, type EventType, type ServiceName } from '@order-saga/contracts'

/** The services with a database. */
export type StoreName = Exclude<ServiceName, 'notification'>
export const storeNames = ['order', 'payment', 'inventory'] as const satisfies readonly StoreName[]

export interface DatabaseSource {
  /** `postgres://user:password@host:port/name`; a role with SELECT is sufficient. */
  readonly url: string
  /** File with the certificate authority; with it the connection is encrypted and the server's name verified. */
  readonly caFile?: string | undefined
}

const consumers = new Map<string, readonly StoreName[]>(
  catalogue.map((event: EventType) => [event.name, storeNames.filter((store) => event.consumedBy.includes(store))]),
)

/** The services with a database that consume the event; none for an unknown event. */
export function consumersOf(event: string): readonly StoreName[] {
  return consumers.get(event) ?? []
}

export function publishersFor(consumer: StoreName): readonly StoreName[] {
  return storeNames.filter((store) =>
    catalogue.some((event: EventType) => event.publishedBy === store && event.consumedBy.includes(consumer)),
  )
}
