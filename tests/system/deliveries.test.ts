// needs: system
import assert from 'node:assert/strict'
import { type EventName, type ServiceName, services } from '@order-saga/contracts'
import { v7 as uuidv7 } from 'uuid'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { underNewId } from '../support/captured-event.ts'
import { stores } from '../support/databases.ts'
import { carry, declinedAmount, decliningLedger, flows } from '../support/flows.ts'
import { requestsFor } from '../support/ledger.ts'
import { eventIdOf } from '../support/mails.ts'
import { allRoutes, Network } from '../support/network.ts'
import { type PlacedOrder, someSku, historyOf } from '../support/shop.ts'
import { rowsOf } from '../support/traces.ts'
import { useSystem } from '../support/use-system.ts'
import { scenarios, type Step } from './overtaking-scenarios.ts'

describe('Events whose deliveries a test decides', function () {
  this.timeout(120_000)
  let provider: Provider
  let mailServer: MailServer
  let network: Network
  const sku = someSku()
  const system = useSystem(async () => {
    const ledger = decliningLedger()
    ;[provider, mailServer] = await Promise.all([startProvider({ ledger }), startMailServer()])
    return { provider, mailServer }
  })
  before(async () => {
    await system().shop.putStock(sku, 1_000)
    network = await Network.take(system())
  })
  after(async () => {
    await Promise.all([provider.stop(), mailServer.stop()])
  })

  describe('An event that is delivered again', () => {
    async function tracesOf(orderId: string): Promise<unknown> {
      const rows = await rowsOf(system(), orderId)
      const events = network.of(orderId).map(({ name }) => name)
      return { rows, events, requests: requestsFor(provider, orderId) }
    }

    async function results(service: ServiceName): Promise<Record<string, number>> {
      const metrics = await system().metrics(service)
      const counted = ['processed', 'duplicate', 'retried', 'dead_lettered'].map((result) => [
        result,
        metrics.sum('event_consumed_total', { result }),
      ])
      return Object.fromEntries(counted) as Record<string, number>
    }

    function mailsAbout(orderId: string): string[] {
      return mailServer.received.filter(({ subject }) => subject.includes(orderId)).map(eventIdOf)
    }

    it('belongs to flows that publish every event of the system', () => {
      const published = new Set(flows.flatMap(({ events }) => events))
      assert.deepEqual(
        allRoutes.filter(({ name }) => !published.has(name)),
        [],
      )
    })

    for (const flow of flows) {
      it(`has no second effect on ${flow.name}, neither before its end nor after it`, async () => {
        const before = await Promise.all(services.map(results))
        const { orderId, sagaId } = await system().shop.post(flow.wanted())
        await carry(network, orderId, flow.events, 3)
        await system().untilFinal(sagaId)
        await system().settle()
        const [traces, mails] = [await tracesOf(orderId), mailsAbout(orderId)]
        assert.deepEqual(
          network
            .of(orderId)
            .map(({ name }) => name)
            .toSorted(),
          flow.events.toSorted(),
        )
        assert.deepEqual(
          requestsFor(provider, orderId).toSorted(),
          [...new Set(requestsFor(provider, orderId))].toSorted(),
        )

        const deliveries = network
          .of(orderId)
          .flatMap((event) => allRoutes.filter(({ name }) => name === event.name).map(({ to }) => ({ event, to })))
        for (const { event, to } of deliveries) await network.deliver(event, to)
        assert.deepEqual(await tracesOf(orderId), traces)
        assert.deepEqual(mailsAbout(orderId), mails)
        for (const [i, service] of services.entries()) {
          const [was, is] = [before[i] ?? {}, await results(service)]
          const count = deliveries.filter(({ to }) => to === service).length
          const change = (result: string): number => (is[result] ?? 0) - (was[result] ?? 0)
          assert.deepEqual([change('retried'), change('dead_lettered')], [0, 0])
          assert.equal(change('processed') + change('duplicate'), 4 * count)
          // Copies that arrive while their charge is in flight share it, and each counts as processed.
          if (service !== 'payment') assert.equal(change('processed'), count)
        }
      })

      it(`and under another id finds ${flow.name} guarded by its state`, async () => {
        const { orderId, sagaId } = await system().shop.post(flow.wanted())
        const copies: string[] = []
        const deliverCopies = async (name: string): Promise<void> => {
          for (const route of allRoutes.filter((each) => each.name === name)) {
            if (route.to === 'notification') continue
            const copy = underNewId(await network.next(orderId, route.name), uuidv7())
            copies.push(copy.eventId)
            await network.deliver(copy, route.to)
          }
        }
        for (const name of flow.events) {
          await carry(network, orderId, [name])
          await deliverCopies(name)
        }
        await system().untilFinal(sagaId)
        for (const name of flow.events) await deliverCopies(name)
        await network.settle()

        const published = network.of(orderId).map(({ name }) => name)
        // Every request for the refund is answered, and paid once.
        const answers = published.filter((name) => name === 'payment.refunded').length
        const others = published.filter((name) => name !== 'payment.refunded')
        assert.deepEqual(others.toSorted(), flow.events.filter((name) => name !== 'payment.refunded').toSorted())
        assert.equal(answers > 0, flow.events.includes('payment.refunded'))
        const asked = requestsFor(provider, orderId)
        assert.deepEqual(asked, [...new Set(asked)])
        // Nobody published the copies, which the audit rightly would not forgive.
        for (const store of stores) {
          await system().sql(store, 'DELETE FROM processed_events WHERE event_id = ANY($1::uuid[])', [copies])
        }
      })
    }
  })

  describe('Events that overtake each other', () => {
    async function take(step: Step, placed: PlacedOrder): Promise<void> {
      if (step === 'deadline') return await system().passDeadline(placed)
      if (step === 'refund out of turn') return await askForRefund(placed)
      const [name, to] = step.split(' > ') as [EventName, ServiceName]
      await network.pass(placed.orderId, name, to)
    }

    async function askForRefund({ orderId, sagaId }: PlacedOrder): Promise<void> {
      await system().sql(
        'order',
        `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload)
         VALUES ($1, $2, $3, 'payment.refund.requested', '{"reason": "out of turn"}')`,
        [uuidv7(), sagaId, orderId],
      )
    }

    for (const [consumer, all] of Object.entries(scenarios)) {
      describe(consumer, () => {
        for (const { title, order, steps, end, provider: asked } of all) {
          it(title, async () => {
            const { available: before } = await system().shop.stock(sku)
            const placed = await system().shop.post({
              ...(order === 'declined' && { amount: declinedAmount }),
              items: [order === 'out of stock' ? { sku: 'SIM-NONE', qty: 1 } : { sku, qty: 2 }],
            })
            for (const step of steps) await take(step, placed)
            await network.settle()
            const saga = await system().shop.saga(placed.sagaId)
            assert.deepEqual([saga.status, saga.reason, saga.compensation], end, historyOf(saga).join('\n'))
            assert.deepEqual(requestsFor(provider, placed.orderId), asked)
            const sold = saga.status === 'completed' ? 2 : 0
            assert.deepEqual(await system().shop.stock(sku), { sku, available: before - sold, reserved: 0 })
          })
        }
      })
    }
  })
})
