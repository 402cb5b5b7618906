// needs: system
import assert from 'node:assert/strict'
import type { Failure } from '@order-saga/chassis'
import { deadLetterQueue } from '@order-saga/contracts'
import type { ServiceName } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { Capture } from '../support/capture.ts'
import { failStatements, type FailingStatements } from '../support/failing-statements.ts'
import { requestsFor } from '../support/ledger.ts'
import { saga } from '../support/saga.ts'
import { someCustomer } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

/** Where each service with a database writes when it handles an event, and what a replay of that event would change. */
const poisons: readonly (Pick<FailingStatements, 'store' | 'table' | 'on'> & { event: string; would: RegExp })[] = [
  {
    store: 'payment',
    table: 'payment_transactions',
    on: 'INSERT',
    event: 'order.created',
    would: /^payment none becomes charging; requests from the provider: charge 12.50 USD$/,
  },
  {
    store: 'inventory',
    table: 'inventory_reservations',
    on: 'INSERT',
    event: 'payment.completed',
    would: /^reservation none becomes reserved; publishes inventory.reserved$/,
  },
  {
    store: 'order',
    table: 'saga_instances',
    on: 'UPDATE',
    event: 'inventory.reserved',
    would:
      /^saga (payment_completed becomes completed; publishes order.confirmed|pending becomes pending \(reservation seen\))$/,
  },
]

describe('A dead letter', function () {
  this.timeout(120_000)
  let provider: Provider
  let mailServer: MailServer
  const system = useSystem(async () => {
    ;[provider, mailServer] = await Promise.all([startProvider(), startMailServer()])
    return { provider, mailServer }
  })
  after(() => Promise.all([provider.stop(), mailServer.stop()]))

  async function handled(service: ServiceName, result: string): Promise<number> {
    return (await system().metrics(service)).sum('event_consumed_total', {
      queue: system().broker.queueOf(service),
      result,
    })
  }

  for (const { event, would, ...place } of poisons) {
    const { store } = place

    it(`of ${store} is listed, previewed and replayed once its cause is fixed, and its saga completes`, async () => {
      const [dlq, queue] = [deadLetterQueue(system().broker.queueOf(store)), system().broker.queueOf(store)]
      const capture = await Capture.start(system().broker)
      // The trigger must be there before the order, and needs its id: so the order waits while the service is stopped.
      await system().services[store === 'order' ? 'inventory' : store].stop()
      const { orderId, sagaId } = await system().shop.post({ customerEmail: someCustomer() })
      const heal = await failStatements(system(), { ...place, orderId })
      await system().start(store === 'order' ? 'inventory' : store)
      await system().until(`${event} in ${dlq}`, async () => {
        const { items } = await saga(system(), 'dead-letters', 'list', '--saga', sagaId, '--event', event)
        return items.length === 1
      })
      const { items } = await saga(system(), 'dead-letters', 'list', '--saga', sagaId, '--event', event)
      const [letter] = items
      const eventId = String(letter?.['id'])
      assert.deepEqual(
        [letter?.['queue'], letter?.['attempts'], letter?.['reason']],
        [queue, 4, 'the shelf has collapsed'],
      )
      const failure = letter?.['failure'] as Failure | undefined
      assert.equal(failure?.sqlState, 'P0001')
      assert.match(failure?.where ?? '', /^PL\/pgSQL function \S+ line \d+ at RAISE/)
      assert.match(failure?.chain[0] ?? '', /: the shelf has collapsed$/)
      const [stuck] = (await saga(system(), 'show', orderId)).items
      assert.match(String(stuck?.['waitsFor']), new RegExp(`^an operator: .* is a dead letter in ${queue}: the shelf`))

      const [failing] = (await saga(system(), 'dead-letters', 'replay', eventId, '--dry-run')).items
      assert.equal(failing?.['result'], 'would_fail')
      assert.match(
        String(failing?.['why']),
        /^the shelf has collapsed \(SQLSTATE P0001; statement [a-z-]+; PL\/pgSQL function/,
      )
      await heal()
      const [foreseen] = (await saga(system(), 'dead-letters', 'replay', eventId, '--dry-run')).items
      assert.equal(foreseen?.['outcome'], 'would_change')
      assert.match(String(foreseen?.['why']), would)

      const replay = ['dead-letters', 'replay', '--saga', sagaId, '--reason', 'the shelf stands again']
      const { exitCode, summary } = await saga(system(), ...replay)
      assert.equal(exitCode, 0)
      assert(Number(summary['replayed']) >= 1)
      assert.equal((await system().untilFinal(sagaId)).status, 'completed')
      await system().settle()
      assert.deepEqual(requestsFor(provider, orderId), ['charge'])

      // Dead-lettered and replayed a second time, as after an interrupted replay: now it is a duplicate.
      const again = await capture.next(orderId, event)
      const duplicates = await handled(store, 'duplicate')
      await system().broker.send(dlq, { content: again.content, options: { ...again.options, type: event } })
      const [preview] = (await saga(system(), 'dead-letters', 'replay', eventId, '--dry-run')).items
      assert.deepEqual([preview?.['outcome'], preview?.['why']], ['duplicate', `it is in the inbox of ${queue}`])
      await saga(system(), ...replay)
      await system().until('the duplicate', async () => (await handled(store, 'duplicate')) === duplicates + 1)
      const acts = (await saga(system(), 'acts', '--about', eventId)).items
      assert.deepEqual(
        acts.map(({ act, operator, reason }) => [act, operator, reason]),
        Array.from({ length: 2 }, () => ['replay', 'system-tests', 'the shelf stands again']),
      )
      await capture.stop()
    })
  }
})
