import { stores } from '../../support/databases.ts'
import type { History, Item } from '../history.ts'

/** Finds orders, sagas, payments, reservations, charges, processed events and mails without a request or a cause. */
export function checkOrphans(history: History): string[] {
  const known = new Set(history.orders.map(({ orderId }) => orderId))
  const unknown = (what: string, ids: readonly string[]): string[] =>
    ids.filter((id) => !known.has(id)).map((id) => `${what} for order ${id}, which does not exist`)
  const ofPayments = history.payments.filter(({ status }) => status !== 'cancelled')
  const ofReservations = history.reservations.filter(({ status }) => status !== 'cancelled')
  return [
    ...unrequestedOrders(history),
    ...unknown(
      'a saga',
      history.sagas.map(({ orderId }) => orderId),
    ),
    ...unknown(
      'a payment',
      ofPayments.map(({ orderId }) => orderId),
    ),
    ...unknown(
      'a reservation',
      ofReservations.map(({ orderId }) => orderId),
    ),
    ...unknown(
      'a charge',
      history.charges.map(({ reference }) => reference),
    ),
    ...effects(history),
    ...mails(history),
  ]
}

/** Orders without a request, or with other items or another amount. */
function unrequestedOrders({ orders, orderRequests }: History): string[] {
  const requestOf = new Map(orderRequests.map((request) => [request.customer, request]))
  return orders.flatMap(({ orderId, customer, items, amount }) => {
    const request = requestOf.get(customer)
    if (request === undefined) return [`order ${orderId} of ${customer} was not requested`]
    const matches = sameItems(items, request.items) && Number(amount) === request.amount
    return matches ? [] : [`order ${orderId} differs from the request of ${customer}`]
  })
}

/** Compares in order: an order is stored as it was posted. */
export function sameItems(a: readonly Item[], b: readonly Item[]): boolean {
  const text = (items: readonly Item[]): string => JSON.stringify(items.map(({ sku, qty }) => [sku, qty]))
  return text(a) === text(b)
}

function effects({ events, processed }: History): string[] {
  const known = new Set(events.map(({ eventId }) => eventId))
  return stores.flatMap((store) =>
    [...processed[store]]
      .filter((id) => !known.has(id))
      .map((id) => `${store} processed ${id}, which no outbox contains`),
  )
}

function mails({ events, mails: sent }: History): string[] {
  const mailTo = new Map(events.map((event) => [event.eventId, event.mailTo]))
  return sent.flatMap(({ messageId, to }) =>
    mailTo.get(eventIdOf(messageId)) === to ? [] : [`a mail to ${to} without an event: ${messageId}`],
  )
}

/** The event id in a Message-ID: the part before the @. */
export const eventIdOf = (messageId: string): string => messageId.slice(1, messageId.indexOf('@'))
