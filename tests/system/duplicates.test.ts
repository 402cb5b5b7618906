// needs: system
import assert from 'node:assert/strict'
import { type ServiceName, services } from '@order-saga/contracts'
import { v7 as uuidv7 } from 'uuid'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { ProviderLedger } from '../support/provider/provider-ledger.ts'
import { underNewId } from '../support/captured-event.ts'
import { stores } from '../support/databases.ts'
import { carry, declinedAmount, flows } from '../support/flows.ts'
import { requestsFor } from '../support/ledger.ts'
import { eventIdOf } from '../support/mails.ts'
import { allRoutes, Network } from '../support/network.ts'
import { rowsOf } from '../support/traces.ts'
import { useSystem } from '../support/use-system.ts'

describe('An event that is delivered again', function () {
  this.timeout(120_000)
  let provider: Provider
  let mailServer: MailServer
  let network: Network
  const system = useSystem(async () => {
    const ledger = new ProviderLedger(({ amount }) => Number(amount) === declinedAmount)
    ;[provider, mailServer] = await Promise.all([startProvider({ ledger }), startMailServer()])
    return { provider, mailServer }
  })
  before(async () => {
    network = await Network.take(system())
  })
  after(async () => {
    await Promise.all([provider.stop(), mailServer.stop()])
  })

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
      for (const { event, to } of network.due()) await network.deliver(event, to)
      await system().settle()

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
