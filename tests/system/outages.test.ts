// needs: own-servers
import assert from 'node:assert/strict'
import { services } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { stores } from '../support/databases.ts'
import { decliningLedger } from '../support/flows.ts'
import { mailsTo } from '../support/mails.ts'
import { OrderStream } from '../support/order-stream.ts'
import { someCustomer, someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

describe('An outage', function () {
  this.timeout(180_000)
  let provider: Provider
  let mailServer: MailServer
  let stream: OrderStream | undefined
  const sku = someSku()
  const system = useSystem(async () => {
    const ledger = decliningLedger()
    ;[provider, mailServer] = await Promise.all([startProvider({ ledger }), startMailServer()])
    return { provider, mailServer }
  })
  before(() => system().shop.putStock(sku, 100_000))
  afterEach(() => stream?.abandon())
  after(() => Promise.all([provider.stop(), mailServer.stop()]))

  /** Places orders during the outage and the recovery; each of them must be final in the end. */
  async function underOrders(outage: (orders: OrderStream) => Promise<void>): Promise<OrderStream> {
    const orders = new OrderStream({ shop: system().shop, perSecond: 10, sku, repeat: 'until accepted' })
    stream = orders
    await moreOrders(orders)
    await outage(orders)
    await moreOrders(orders)
    await orders.stop()
    await system().settle()
    return orders
  }

  async function moreOrders({ accepted }: OrderStream): Promise<void> {
    const target = accepted.length + 10
    await system().until('more orders', () => accepted.length >= target)
  }

  /** Nobody was restarted, and everybody works again. */
  async function allReady(): Promise<void> {
    await Promise.all(services.map((service) => system().services[service].ready()))
  }

  it('of the broker, by a crash, prevents no order from being accepted, and loses none', async () => {
    const { server } = system().broker
    const { errors } = await underOrders(async (orders) => {
      await server.kill()
      const { status } = await system().shop.tryPost()
      assert.equal(status, 202)
      await moreOrders(orders)
      await server.restart()
      await allReady()
    })
    assert.deepEqual(errors, [])
  })

  it('of the database is reported to clients with Retry-After, and loses no order that was accepted', async () => {
    const { server } = system().databases
    const { errors } = await underOrders(async (orders) => {
      await server.kill()
      const { status, headers } = await system().shop.tryPost()
      assert.equal(status, 503)
      assert.match(String(headers['retry-after']), /^[1-9]\d*$/)
      assert.match(String(headers['content-type']), /application\/problem\+json/)
      await system().until('orders to be turned away', () => orders.errors.length >= 5)
      await server.restart()
      await allReady()
    })
    assert.deepEqual([...new Set(errors)], ['503'])
  })

  it('of all database connections at once stops no service', async () => {
    await underOrders(async (orders) => {
      for (let round = 1; round <= 3; round += 1) {
        for (const store of stores) {
          await system().sql(
            store,
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name <> 'system-tests'`,
          )
        }
        await moreOrders(orders)
      }
    })
  })

  it('of the mail server delays the e-mails, and none is lost or sent to a wrong recipient', async () => {
    await mailServer.down()
    const customers = Array.from({ length: 5 }, () => someCustomer())
    for (const customerEmail of customers) {
      const { sagaId } = await system().shop.post({ customerEmail })
      assert.equal((await system().untilFinal(sagaId)).status, 'completed')
    }
    await mailServer.up()
    await system().settle()
    for (const customer of customers) assert.equal(mailsTo(mailServer, customer).length, 1)
  })
})
