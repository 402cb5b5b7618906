// needs: system
import assert from 'node:assert/strict'
import { consumedBy, type EventName, type ServiceName, deadLetterQueue } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { retryDelaysMs } from '../support/broker.ts'
import type { Store } from '../support/databases.ts'
import { failStatements } from '../support/failing-statements.ts'
import { mailsTo } from '../support/mails.ts'
import { Network } from '../support/network.ts'
import { type PlacedOrder, someCustomer } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

/** For each service with a database: an event that it handles, and where it writes then. */
const handlers: readonly { to: Store; name: EventName; table: string; on: 'INSERT' | 'UPDATE' }[] = [
  { to: 'payment', name: 'order.created', table: 'payment_transactions', on: 'INSERT' },
  { to: 'inventory', name: 'payment.completed', table: 'inventory_reservations', on: 'INSERT' },
  { to: 'order', name: 'inventory.reserved', table: 'saga_instances', on: 'UPDATE' },
]

describe('A message that fails', function () {
  this.timeout(120_000)
  let mailServer: MailServer
  const system = useSystem(async () => {
    mailServer = await startMailServer()
    return { mailServer }
  })
  after(() => mailServer.stop())

  async function counted(service: ServiceName, result: string): Promise<number> {
    const queue = system().broker.queueOf(service)
    return (await system().metrics(service)).sum('event_consumed_total', { queue, result })
  }

  /** Has six orders reach the same service at the same moment, and the first of them fail there. */
  async function failAmongOthers(
    { to, name, table, on }: (typeof handlers)[number],
    times?: number,
  ): Promise<{ bad: PlacedOrder; others: PlacedOrder[]; network: Network; end: () => Promise<void> }> {
    const routes = consumedBy(to).map((event) => ({ name: event.name as EventName, to }))
    const network = await Network.take(system(), routes)
    const placed = await Promise.all(Array.from({ length: 6 }, () => system().shop.post()))
    const [bad, ...others] = placed as [PlacedOrder, ...PlacedOrder[]]
    if (to === 'order') for (const { orderId } of placed) await network.pass(orderId, 'payment.completed', to)
    const events = await Promise.all(placed.map(({ orderId }) => network.next(orderId, name)))
    const end = await failStatements(system(), {
      store: to,
      table,
      on,
      orderId: bad.orderId,
      ...(times !== undefined && { times }),
    })
    system().services[to].pause()
    for (const event of events) await network.send(event, to)
    system().services[to].resume()
    return { bad, others, network, end }
  }

  async function stateOf({ sagaId }: PlacedOrder): Promise<number> {
    return (await system().shop.saga(sagaId)).history.length
  }

  for (const handler of handlers) {
    const { to, name } = handler

    it(`twice at ${to} is retried after each delay and takes effect once; the others of its batch do not wait`, async () => {
      const [retried, dead] = [await counted(to, 'retried'), await counted(to, 'dead_lettered')]
      const { others, bad, network, end } = await failAmongOthers(handler, 2)
      await system().until('two more attempts', async () => (await counted(to, 'retried')) === retried + 2)
      await network.giveBack()
      const late = await system().untilFinal(bad.sagaId)
      assert.equal(late.status, 'completed')
      for (const { sagaId } of others) {
        const { status, finishedAt } = await system().untilFinal(sagaId)
        assert.equal(status, 'completed')
        assert(String(finishedAt) <= String(late.finishedAt))
      }
      await system().settle()
      await end()
      assert.equal(await counted(to, 'retried'), retried + 2)
      assert.equal(await counted(to, 'dead_lettered'), dead)
      assert.equal(await stateOf(bad), await stateOf(others[0] as PlacedOrder))
    })

    it(`permanently at ${to} is dead-lettered after the last delay, with reason, attempts and origin; the others are not`, async () => {
      const retried = await counted(to, 'retried')
      const { others, bad, network, end } = await failAmongOthers(handler)
      const queue = system().broker.queueOf(to)
      await system().until('the dead letter', async () => (await system().broker.depth(deadLetterQueue(queue))) === 1)
      await network.giveBack()
      for (const { sagaId } of others) assert.equal((await system().untilFinal(sagaId)).status, 'completed')
      const [letter, ...more] = await system().broker.deadLetters(to)
      assert.deepEqual(more, [])
      const headers = letter?.properties.headers ?? {}
      assert.deepEqual(
        [headers['reason'], headers['attempt'], headers['queue'], letter?.properties.type],
        ['the shelf has collapsed', retryDelaysMs.length + 1, queue, name],
      )
      const tookMs = Date.parse(headers['dead-lettered-at']) - Date.parse(headers['first-failure'])
      assert(tookMs >= retryDelaysMs.reduce((sum, delayMs) => sum + delayMs, 0), `it took ${tookMs} ms`)
      assert.equal(await counted(to, 'retried'), retried + retryDelaysMs.length)

      await end()
      await system().broker.replayDeadLetters(to)
      assert.equal((await system().untilFinal(bad.sagaId)).status, 'completed')
    })
  }

  it('twice at notification because of a full mailbox sends one e-mail', async () => {
    const retried = await counted('notification', 'retried')
    for (let time = 1; time <= 2; time += 1) mailServer.rejectNext(452, 'rcpt', '4.2.2 The mailbox is full')
    const customerEmail = someCustomer()
    await system().shop.post({ customerEmail })
    await system().settle()
    assert.equal(await counted('notification', 'retried'), retried + 2)
    assert.equal(mailsTo(mailServer, customerEmail).length, 1)
  })

  it('permanently at notification is dead-lettered, and its replay sends the e-mail', async () => {
    const retried = await counted('notification', 'retried')
    for (let time = 1; time <= 4; time += 1) mailServer.rejectNext(452, 'rcpt', '4.2.2 The mailbox is full')
    const customerEmail = someCustomer()
    await system().shop.post({ customerEmail })
    const queue = system().broker.queueOf('notification')
    await system().until('the dead letter', async () => (await system().broker.depth(deadLetterQueue(queue))) === 1)
    const [letter] = await system().broker.deadLetters('notification')
    const headers = letter?.properties.headers ?? {}
    assert.match(String(headers['reason']), /deferred with 452 4\.2\.2/)
    assert.doesNotMatch(String(headers['reason']), /@/)
    assert.deepEqual([headers['attempt'], headers['queue']], [4, queue])
    assert.equal(await counted('notification', 'retried'), retried + 3)
    assert.equal(mailsTo(mailServer, customerEmail).length, 0)
    await system().broker.replayDeadLetters('notification')
    await system().settle()
    assert.equal(mailsTo(mailServer, customerEmail).length, 1)
  })
})
