import assert from 'node:assert/strict'
import { type CheckName, checkHistory, checkNames, isClean } from '../check-history.ts'
import { cancelled, type MutableHistory, cleanHistory, confirmed, deadLetter, sku } from './clean-history.ts'

interface BrokenHistory {
  readonly what: string
  readonly by: (history: MutableHistory) => void
  readonly found: CheckName
  readonly message: RegExp
}

const eventOf = ({ events }: MutableHistory, name: string) => events.find((event) => event.name === name)

function first<T>(entries: readonly T[]): T {
  const [entry] = entries
  assert(entry !== undefined)
  return entry
}

const broken: readonly BrokenHistory[] = [
  {
    what: 'an accepted order that does not exist',
    by: (history) => {
      const keep = ({ orderId }: { orderId: string }): boolean => orderId !== cancelled.orderId
      history.orders = history.orders.filter(keep)
      history.sagas = history.sagas.filter(keep)
      history.payments = history.payments.filter(keep)
      history.reservations = history.reservations.filter(keep)
      history.charges = history.charges.filter(({ reference }) => reference !== cancelled.orderId)
      history.refunds = []
    },
    found: 'lost',
    message: /was accepted from cancelled@example.com and does not exist/,
  },
  {
    what: 'an event that never had its effect',
    by: (history) => history.processed.inventory.delete(eventOf(history, 'order.confirmed')?.eventId ?? ''),
    found: 'lost',
    message: /order.confirmed .* never had its effect at inventory/,
  },
  {
    what: 'a lost malformed message',
    by: (history) => (history.deadLetters = []),
    found: 'lost',
    message: /malformed message injected went to 1 consumers, and 0 dead-lettered it/,
  },
  {
    what: 'two orders under one key',
    by: ({ orders, sagas, apiStatuses }) => {
      const again = { ...first(orders), orderId: 'again', sagaId: 'again', status: 'cancelled' }
      orders.push(again)
      sagas.push({ ...again, compensation: 'none' })
      apiStatuses.set('again', 'cancelled')
    },
    found: 'duplicated',
    message: /confirmed@example.com requested one order and has 2/,
  },
  {
    what: 'a duplicated charge',
    by: ({ charges }) => void charges.push({ ...first(charges), id: 'ch_again' }),
    found: 'duplicated',
    message: /was charged 2 times/,
  },
  {
    what: 'a duplicated refund',
    by: ({ refunds }) => void refunds.push({ ...first(refunds), id: 're_again' }),
    found: 'duplicated',
    message: /charge ch_cancelled was refunded 2 times/,
  },
  {
    what: 'two outcomes of one order',
    by: (history) => {
      const { events, processed, mails } = history
      const outcome = eventOf(history, 'order.confirmed')
      assert(outcome)
      events.push({ ...outcome, eventId: 'also', name: 'order.cancelled' })
      for (const inbox of [processed.payment, processed.inventory]) inbox.add('also')
      mails.push({ messageId: '<also@example.com>', to: confirmed.customer })
    },
    found: 'duplicated',
    message: /has the outcomes order.confirmed and order.cancelled/,
  },
  {
    what: 'a duplicated reaction',
    by: (history) => {
      const reserved = eventOf(history, 'inventory.reserved')
      assert(reserved)
      history.events.push({ ...reserved, eventId: 'again' })
      history.processed.order.add('again')
    },
    found: 'duplicated',
    message: /inventory reacted to .* with inventory.reserved 2 times/,
  },
  {
    what: 'an orphaned saga',
    by: ({ sagas }) => void sagas.push({ ...first(sagas), sagaId: 'orphan', orderId: 'orphan' }),
    found: 'orphaned',
    message: /a saga for order orphan, which does not exist/,
  },
  {
    what: 'an order without a request',
    by: ({ orderRequests }) => void orderRequests.pop(),
    found: 'orphaned',
    message: /of cancelled@example.com was not requested/,
  },
  {
    what: 'an order that differs from its request',
    by: ({ orderRequests }) => (orderRequests[0] = { ...first(orderRequests), amount: 99 }),
    found: 'orphaned',
    message: /differs from the request of confirmed@example.com/,
  },
  {
    what: 'a processed event without an outbox row',
    by: ({ processed }) => void processed.payment.add('orphan'),
    found: 'orphaned',
    message: /payment processed orphan, which no outbox contains/,
  },
  {
    what: 'a mail to a wrong address',
    by: ({ mails }) => (first(mails).to = 'stranger@example.com'),
    found: 'orphaned',
    message: /a mail to stranger@example.com without an event/,
  },
  {
    what: 'a charge for an order that does not exist',
    by: ({ charges }) =>
      void charges.push({ ...first(charges), id: 'ch_orphan', reference: 'orphan', status: 'declined' }),
    found: 'orphaned',
    message: /a charge for order orphan/,
  },
  {
    what: 'a stuck saga',
    by: ({ sagas }) => (first(sagas).status = 'payment_completed'),
    found: 'stuck',
    message: /saga .* is payment_completed/,
  },
  {
    what: 'a refund that was not completed',
    by: ({ sagas }) => Object.assign(sagas[1] ?? {}, { compensation: 'refund_requested' }),
    found: 'stuck',
    message: /compensation refund_requested/,
  },
  {
    what: 'an unpublished event',
    by: ({ events }) => events.push({ ...first(events), eventId: 'late', published: false, causationId: null }),
    found: 'stuck',
    message: /order.created late is unpublished/,
  },
  {
    what: 'a parked event',
    by: ({ events }) => (first(events).parked = true),
    found: 'stuck',
    message: /is parked/,
  },
  {
    what: 'a message in a queue',
    by: ({ queues }) => (queues['payment_queue'] = 3),
    found: 'stuck',
    message: /payment_queue has 3 messages/,
  },
  {
    what: 'a customer without a response',
    by: ({ orderRequests }) => (first(orderRequests).outcome = 'open'),
    found: 'stuck',
    message: /confirmed@example.com got no response/,
  },
  {
    what: 'a cancelled order without a refund',
    by: (history) => (history.refunds = []),
    found: 'unbalanced money',
    message: /is cancelled, and 1250 cents are kept/,
  },
  {
    what: 'a confirmed order without a charge',
    by: ({ charges }) => void charges.shift(),
    found: 'unbalanced money',
    message: /is confirmed at 1250 cents, and 0 are kept/,
  },
  {
    what: 'a wrong amount',
    by: ({ charges }) => (charges[0] = { ...first(charges), amount: '12.51' }),
    found: 'unbalanced money',
    message: /1251 are kept/,
  },
  {
    what: 'a refund that payment has no record of',
    by: ({ payments }) => Object.assign(payments[1] ?? {}, { status: 'charged' }),
    found: 'unbalanced money',
    message: /is cancelled and was charged, its payment is not refunded/,
  },
  {
    what: 'stock shipped without an order',
    by: ({ stock }) => Object.assign(first(stock), { available: 7, shipped: 3 }),
    found: 'unbalanced stock',
    message: new RegExp(`2 of ${sku} are in confirmed orders, 3 were shipped`),
  },
  {
    what: 'stock reserved without an order',
    by: ({ stock }) => Object.assign(first(stock), { available: 7, reserved: 1 }),
    found: 'unbalanced stock',
    message: /1 of SKU-1 are reserved without an order/,
  },
  {
    what: 'stock beyond the received quantity',
    by: ({ stock }) => (first(stock).available = 9),
    found: 'unbalanced stock',
    message: /10 of SKU-1 received, but 9 available/,
  },
  {
    what: 'a cancelled order with shipped stock',
    by: ({ reservations }) => Object.assign(reservations[1] ?? {}, { status: 'committed' }),
    found: 'unbalanced stock',
    message: /is cancelled, its stock is committed/,
  },
  {
    what: 'a response outside of the contract',
    by: ({ orderRequests }) => orderRequests[0]?.attempts.push({ at: 0, tookMs: 1, result: 500 }),
    found: 'wrong response',
    message: /got the response 500/,
  },
  {
    what: 'a 503 without Retry-After',
    by: ({ orderRequests }) => orderRequests[0]?.attempts.push({ at: 0, tookMs: 1, result: 503 }),
    found: 'wrong response',
    message: /got the response 503/,
  },
  {
    what: 'a wrong status in the API',
    by: ({ apiStatuses }) => apiStatuses.set(confirmed.orderId, 'pending'),
    found: 'wrong response',
    message: /is confirmed, and the API returns pending/,
  },
  {
    what: 'an outcome without a mail',
    by: ({ mails }) => void mails.shift(),
    found: 'missing e-mail',
    message: /no mail to confirmed@example.com for order.confirmed/,
  },
  {
    what: 'a dead-lettered message',
    by: ({ deadLetters }) => void deadLetters.push(deadLetter('own')),
    found: 'dead letter',
    message: /order dead-lettered own: no JSON/,
  },
  {
    what: 'a service that exited',
    by: ({ exits }) => void exits.push('payment exited unexpectedly'),
    found: 'unexpected exit',
    message: /payment exited unexpectedly/,
  },
  {
    what: 'a violation found by the audit',
    by: ({ audit }) => void audit.push('money: kept'),
    found: 'audit finding',
    message: /money: kept/,
  },
]

describe('the history checker', () => {
  it('finds nothing in a correct history with repeated mails and injected messages', () => {
    const verdict = checkHistory(cleanHistory())
    assert.deepEqual(verdict, Object.fromEntries(checkNames.map((name) => [name, []])))
    assert(isClean(verdict))
  })

  for (const { what, by, found, message } of broken) {
    it(`finds ${what}`, () => {
      const history = cleanHistory()
      by(history)
      const verdict = checkHistory(history)
      assert(!isClean(verdict))
      assert.match(verdict[found].join('\n'), message)
    })
  }
})
