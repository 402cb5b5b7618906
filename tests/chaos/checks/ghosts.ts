import { stores } from '../../support/databases.ts'
import type { History, Item } from '../history.ts'

/** Orders, money, stock, effects and mails that nobody asked for. */
export function checkGhosts(history: History): string[] {
  const known = new Set(history.orders.map(({ orderId }) => orderId))
  const unknown = (what: string, ids: readonly string[]): string[] =>
    ids.filter((id) => !known.has(id)).map((id) => `${what} for order ${id}, which does not exist`)
  const ofPayments = history.payments.filter(({ status }) => status !== 'cancelled')
  const ofReservations = history.reservations.filter(({ status }) => status !== 'cancelled')
  return [
    ...strangers(history),
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

/** Orders that nobody wanted, or not like that. */
function strangers({ orders, intents }: History): string[] {
  const wanted = new Map(intents.map((intent) => [intent.customer, intent]))
  return orders.flatMap(({ orderId, customer, items, amount }) => {
    const intent = wanted.get(customer)
    if (intent === undefined) return [`order ${orderId} of ${customer}, who never wanted one`]
    const asked = sameItems(items, intent.items) && Number(amount) === intent.amount
    return asked ? [] : [`order ${orderId} is another one than ${customer} wanted`]
  })
}

/** The order of the lines counts: an order is kept as it was posted. */
export function sameItems(a: readonly Item[], b: readonly Item[]): boolean {
  const text = (items: readonly Item[]): string => JSON.stringify(items.map(({ sku, qty }) => [sku, qty]))
  return text(a) === text(b)
}

function effects({ events, processed }: History): string[] {
  const known = new Set(events.map(({ eventId }) => eventId))
  return stores.flatMap((store) =>
    [...processed[store]].filter((id) => !known.has(id)).map((id) => `${store} processed ${id}, an event of nobody`),
  )
}

function mails({ events, mails: sent }: History): string[] {
  const mailTo = new Map(events.map((event) => [event.eventId, event.mailTo]))
  return sent.flatMap(({ messageId, to }) =>
    mailTo.get(eventIdOf(messageId)) === to ? [] : [`a mail to ${to} that no event calls for: ${messageId}`],
  )
}

/** The event a mail was sent for: the left half of its Message-ID. */
export const eventIdOf = (messageId: string): string => messageId.slice(1, messageId.indexOf('@'))
