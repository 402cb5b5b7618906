// needs: own-servers
// slow: runs the services of the previous release from their sources
import assert from 'node:assert/strict'
import { type Definitions, deadLetterQueue, type ServiceName, services } from '@order-saga/contracts'
import { RunFolder } from '../../tools/dev/src/run-folder.ts'
import { breakShelf } from '../support/failing-statements.ts'
import { OrderStream } from '../support/order-stream.ts'
import { previousLogin, previousRelease } from '../support/previous-release.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { Shop, someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

const perSecond = 10
const ordersPerPhase = 30

/** The definitions of the previous release: no exchanges of the services, and `write` on the default exchange and all queues. */
function previousDefinitions(definitions: Definitions): Definitions {
  const topics = definitions.exchanges.filter(({ type }) => type === 'topic')
  const all = [...topics, ...definitions.queues].map(({ name }) => name.replaceAll('.', String.raw`\.`))
  return {
    ...definitions,
    permissions: definitions.permissions.map((permission) => {
      const isService = services.includes(permission.user as ServiceName)
      return isService ? { ...permission, write: `^(amq\\.default|${all.join('|')})$` } : permission
    }),
    exchanges: topics,
    bindings: definitions.bindings.filter(({ source }) => topics.some(({ name }) => name === source)),
  }
}

describe('An upgrade of the broker and the services under orders', function () {
  this.timeout(300_000)
  const sku = someSku()
  let folder: RunFolder
  const streams: OrderStream[] = []
  const system = useSystem(async () => ({
    services: [],
    env: await previousLogin(),
    separateUsers: previousDefinitions,
    envOf: { order: { SAGA_TIMEOUT_MS: 600_000 } },
  }))
  before(async () => {
    folder = await RunFolder.create('previous-release')
  })
  afterEach(() => streams.forEach((stream) => stream.abandon()))
  after(() => folder.remove())

  it('loses and dead-letters nothing while processes of both releases run, and repeats no effect', async () => {
    const { broker, shop } = system()
    const programOf = await previousRelease(folder)
    const old = await Promise.all(services.map((service) => system().addReplica(service, programOf(service))))
    const [order, , inventory] = old as [ServiceProcess, ServiceProcess, ServiceProcess, ServiceProcess]
    const oldShop = new Shop({ order: order.port, inventory: inventory.port })
    await oldShop.putStock(sku, 100_000)
    const before = new OrderStream({ shop: oldShop, perSecond, sku, repeat: 'until accepted' })
    streams.push(before)
    await moreOrders(before)
    await broker.load(broker.definitions())
    // The old processes keep the messages that they can no longer publish to a retry queue.
    const repair = await breakShelf(system())
    const refusal = (): boolean => inventory.log.some((line) => line.includes('ACCESS_REFUSED'))
    await system().until('a refused retry', refusal)
    await repair()
    await Promise.all(services.map((service) => system().start(service)))
    const both = new OrderStream({ shop, perSecond, sku, repeat: 'until accepted' })
    streams.push(both)
    await Promise.all([moreOrders(before), moreOrders(both)])
    await before.stop()
    // The old processes cannot connect again.
    await broker.server.restart()
    await moreOrders(both)
    await Promise.all(old.map((each) => each.stop()))
    await moreOrders(both)
    await both.stop()
    for (const { sagaId } of [...before.accepted, ...both.accepted]) await system().untilFinal(sagaId)
    for (const service of services) {
      assert.deepEqual(await broker.deadLetters(service), [], deadLetterQueue(broker.queueOf(service)))
    }
    shop.answers.push(...oldShop.answers)
  })

  async function moreOrders(orders: OrderStream): Promise<void> {
    const from = orders.accepted.length
    await system().until('more orders', () => orders.accepted.length >= from + ordersPerPhase)
  }
})
