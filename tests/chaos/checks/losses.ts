import { catalogue, type EventType, type ServiceName } from '@order-saga/contracts'
import { type Store, stores } from '../../support/databases.ts'
import type { History } from '../history.ts'

const consumersOf = new Map(catalogue.map((event: EventType) => [event.name, event.consumedBy]))

/** Finds accepted orders that do not exist, events without their effect, and lost injected messages. */
export function checkLosses(history: History): string[] {
  return [...lostOrders(history), ...lostEvents(history), ...lostInjectedMessages(history)]
}

function lostOrders({ orderRequests, orders }: History): string[] {
  const sagaOf = new Map(orders.map(({ orderId, sagaId }) => [orderId, sagaId]))
  return orderRequests.flatMap(({ customer, attempts }) => {
    const accepted = attempts.filter(({ result }) => result === 202)
    return accepted.flatMap(({ orderId = 'without id', sagaId }) => {
      if (sagaOf.get(orderId) === sagaId) return []
      return [`order ${orderId} was accepted from ${customer} and does not exist with that saga`]
    })
  })
}

function lostEvents({ events, processed, deadLetters }: History): string[] {
  const deadLettered = new Set(deadLetters.map(({ service, messageId }) => `${service} ${messageId}`))
  return events.flatMap(({ eventId, name, published, orderId }) => {
    if (!published) return []
    const missing = (consumersOf.get(name) ?? []).filter(
      (consumer) =>
        isStore(consumer) && !processed[consumer].has(eventId) && !deadLettered.has(`${consumer} ${eventId}`),
    )
    return missing.map((consumer) => `${name} ${eventId} of order ${orderId} never had its effect at ${consumer}`)
  })
}

const isStore = (service: ServiceName): service is Store => (stores as readonly string[]).includes(service)

/** A malformed message must be dead-lettered by each consumer. */
function lostInjectedMessages({ malformed, deadLetters }: History): string[] {
  const seen = new Map<string, Set<ServiceName>>()
  for (const { messageId, service } of deadLetters) {
    seen.set(messageId, (seen.get(messageId) ?? new Set()).add(service))
  }
  return malformed.flatMap(({ messageId, confirmed, consumers }) => {
    const found = seen.get(messageId)?.size ?? 0
    if (!confirmed || found === consumers) return []
    return [`malformed message ${messageId} went to ${consumers} consumers, and ${found} dead-lettered it`]
  })
}
