import assert from 'node:assert/strict'
import { type CheckName, checkHistory, checkNames, isClean } from '../check-history.ts'
import { cancelled, type Changeable, cleanHistory, confirmed, deadLetter, sku } from './clean-history.ts'

interface Broken {
  readonly what: string
  readonly by: (history: Changeable) => void
  readonly found: CheckName
  readonly saying: RegExp
}

const eventOf = ({ events }: Changeable, name: string) => events.find((event) => event.name === name)

function first<T>(entries: readonly T[]): T {
  const [entry] = entries
  assert(entry !== undefined)
  return entry
}

const broken: readonly Broken[] = [
  {
    what: 'an accepted order that is not there',
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
    saying: /was accepted from cancelled@example.com and is not there/,
  },
  {
    what: 'an event that never had its effect',
    by: (history) => history.processed.inventory.delete(eventOf(history, 'order.confirmed')?.eventId ?? ''),
    found: 'lost',
    saying: /order.confirmed .* never had its effect at inventory/,
  },
  {
    what: 'a malformed message that vanished',
    by: (history) => (history.deadLetters = []),
    found: 'lost',
    saying: /malformed message injected went to 1 consumers, and 0 dead-lettered it/,
  },
  {
    what: 'two orders under one key',
    by: ({ orders, sagas, answered }) => {
      const again = { ...first(orders), orderId: 'again', sagaId: 'again', status: 'cancelled' }
      orders.push(again)
      sagas.push({ ...again, compensation: 'none' })
      answered.set('again', 'cancelled')
    },
    found: 'double',
    saying: /confirmed@example.com wanted one order and has 2/,
  },
  {
    what: 'a double charge',
    by: ({ charges }) => void charges.push({ ...first(charges), id: 'ch_again' }),
    found: 'double',
    saying: /was charged 2 times/,
  },
  {
    what: 'a double refund',
    by: ({ refunds }) => void refunds.push({ ...first(refunds), id: 're_again' }),
    found: 'double',
    saying: /charge ch_cancelled was refunded 2 times/,
  },
  {
    what: 'two outcomes of one order',
    by: (history) => {
      const { events, processed, mails } = history
      const told = eventOf(history, 'order.confirmed')
      assert(told)
      events.push({ ...told, eventId: 'also', name: 'order.cancelled' })
      for (const inbox of [processed.payment, processed.inventory]) inbox.add('also')
      mails.push({ messageId: '<also@example.com>', to: confirmed.customer })
    },
    found: 'double',
    saying: /was told order.confirmed and order.cancelled/,
  },
  {
    what: 'a reaction that was made twice',
    by: (history) => {
      const reserved = eventOf(history, 'inventory.reserved')
      assert(reserved)
      history.events.push({ ...reserved, eventId: 'again' })
      history.processed.order.add('again')
    },
    found: 'double',
    saying: /inventory answered .* with inventory.reserved 2 times/,
  },
  {
    what: 'a ghost saga',
    by: ({ sagas }) => void sagas.push({ ...first(sagas), sagaId: 'ghost', orderId: 'ghost' }),
    found: 'ghost',
    saying: /a saga for order ghost, which does not exist/,
  },
  {
    what: 'a ghost order',
    by: ({ intents }) => void intents.pop(),
    found: 'ghost',
    saying: /of cancelled@example.com, who never wanted one/,
  },
  {
    what: 'an order that was changed',
    by: ({ intents }) => (intents[0] = { ...first(intents), amount: 99 }),
    found: 'ghost',
    saying: /is another one than confirmed@example.com wanted/,
  },
  {
    what: 'a ghost effect',
    by: ({ processed }) => void processed.payment.add('ghost'),
    found: 'ghost',
    saying: /payment processed ghost, an event of nobody/,
  },
  {
    what: "a mail to somebody else's customer",
    by: ({ mails }) => (first(mails).to = 'stranger@example.com'),
    found: 'ghost',
    saying: /a mail to stranger@example.com that no event calls for/,
  },
  {
    what: 'a charge for an order that does not exist',
    by: ({ charges }) =>
      void charges.push({ ...first(charges), id: 'ch_ghost', reference: 'ghost', status: 'declined' }),
    found: 'ghost',
    saying: /a charge for order ghost/,
  },
  {
    what: 'a stuck saga',
    by: ({ sagas }) => (first(sagas).status = 'payment_completed'),
    found: 'stuck',
    saying: /saga .* is payment_completed/,
  },
  {
    what: 'a refund that never came',
    by: ({ sagas }) => Object.assign(sagas[1] ?? {}, { compensation: 'refund_requested' }),
    found: 'stuck',
    saying: /compensation refund_requested/,
  },
  {
    what: 'an unpublished event',
    by: ({ events }) => events.push({ ...first(events), eventId: 'late', published: false, causationId: null }),
    found: 'stuck',
    saying: /order.created late is unpublished/,
  },
  {
    what: 'a parked event',
    by: ({ events }) => (first(events).parked = true),
    found: 'stuck',
    saying: /is parked/,
  },
  {
    what: 'a message in a queue',
    by: ({ queues }) => (queues['payment_queue'] = 3),
    found: 'stuck',
    saying: /payment_queue holds 3/,
  },
  {
    what: 'a customer without an answer',
    by: ({ intents }) => (first(intents).outcome = 'open'),
    found: 'stuck',
    saying: /confirmed@example.com never got an answer/,
  },
  {
    what: 'money that was kept',
    by: (history) => (history.refunds = []),
    found: 'unbalanced money',
    saying: /is cancelled, and 1250 cents are kept/,
  },
  {
    what: 'a confirmed order that nobody paid',
    by: ({ charges }) => void charges.shift(),
    found: 'unbalanced money',
    saying: /is confirmed at 1250 cents, and 0 are kept/,
  },
  {
    what: 'another amount',
    by: ({ charges }) => (charges[0] = { ...first(charges), amount: '12.51' }),
    found: 'unbalanced money',
    saying: /1251 are kept/,
  },
  {
    what: 'a refund that payment does not know of',
    by: ({ payments }) => Object.assign(payments[1] ?? {}, { status: 'charged' }),
    found: 'unbalanced money',
    saying: /is cancelled and was charged, its payment is not refunded/,
  },
  {
    what: 'stock that was shipped to nobody',
    by: ({ stock }) => Object.assign(first(stock), { available: 7, shipped: 3 }),
    found: 'unbalanced stock',
    saying: new RegExp(`2 of ${sku} are in confirmed orders, 3 were shipped`),
  },
  {
    what: 'stock that is held for nobody',
    by: ({ stock }) => Object.assign(first(stock), { available: 7, reserved: 1 }),
    found: 'unbalanced stock',
    saying: /1 of SKU-1 are held for nobody/,
  },
  {
    what: 'stock out of thin air',
    by: ({ stock }) => (first(stock).available = 9),
    found: 'unbalanced stock',
    saying: /10 of SKU-1 came in, 9 are there/,
  },
  {
    what: 'a cancelled order with its stock',
    by: ({ reservations }) => Object.assign(reservations[1] ?? {}, { status: 'committed' }),
    found: 'unbalanced stock',
    saying: /is cancelled, its stock is committed/,
  },
  {
    what: 'an answer that was never promised',
    by: ({ intents }) => intents[0]?.attempts.push({ at: 0, tookMs: 1, result: 500 }),
    found: 'wrong answer',
    saying: /was answered with 500/,
  },
  {
    what: 'a 503 that does not say when to come again',
    by: ({ intents }) => intents[0]?.attempts.push({ at: 0, tookMs: 1, result: 503 }),
    found: 'wrong answer',
    saying: /was answered with 503/,
  },
  {
    what: 'an API that says something else',
    by: ({ answered }) => answered.set(confirmed.orderId, 'pending'),
    found: 'wrong answer',
    saying: /is confirmed, and the API says pending/,
  },
  {
    what: 'an outcome that was never told',
    by: ({ mails }) => void mails.shift(),
    found: 'missing e-mail',
    saying: /confirmed@example.com was never told of order.confirmed/,
  },
  {
    what: 'a message that was given up',
    by: ({ deadLetters }) => void deadLetters.push(deadLetter('own')),
    found: 'dead letter',
    saying: /order gave up own: no JSON/,
  },
  {
    what: 'a service that died',
    by: ({ ends }) => void ends.push('payment ended unasked'),
    found: 'ended process',
    saying: /payment ended unasked/,
  },
  {
    what: 'a finding of the audit',
    by: ({ audit }) => void audit.push('money: kept'),
    found: 'audit finding',
    saying: /money: kept/,
  },
]

describe('The history checker', () => {
  it('finds nothing in a history of kept promises, repeated mails and injected messages among them', () => {
    const verdict = checkHistory(cleanHistory())
    assert.deepEqual(verdict, Object.fromEntries(checkNames.map((name) => [name, []])))
    assert(isClean(verdict))
  })

  for (const { what, by, found, saying } of broken) {
    it(`catches ${what}`, () => {
      const history = cleanHistory()
      by(history)
      const verdict = checkHistory(history)
      assert(!isClean(verdict))
      assert.match(verdict[found].join('\n'), saying)
    })
  }
})
