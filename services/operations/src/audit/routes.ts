import { catalogue, type EventType } from '@order-saga/contracts'
import { type StoreName, storeNames } from './sources.ts'

const consumers = new Map<string, readonly StoreName[]>(
  catalogue.map((event: EventType) => [event.name, storeNames.filter((store) => event.consumedBy.includes(store))]),
)

/** The services with a database that consume the event; none for an event this version does not know. */
export function consumersOf(event: string): readonly StoreName[] {
  return consumers.get(event) ?? []
}

/** The services whose events a service consumes. */
export function publishersFor(consumer: StoreName): readonly StoreName[] {
  return storeNames.filter((store) =>
    catalogue.some((event: EventType) => event.publishedBy === store && event.consumedBy.includes(consumer)),
  )
}
