// needs: system
// slow: each service is stopped under load and started again
import assert from 'node:assert/strict'
import { services } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { decliningLedger } from '../support/flows.ts'
import { OpenConnections } from '../support/open-connections.ts'
import { OrderStream } from '../support/order-stream.ts'
import { someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

const perSecond = 20

describe('A service that is stopped under load and started again', function () {
  this.timeout(180_000)
  let provider: Provider
  let mailServer: MailServer
  let stream: OrderStream | undefined
  const connections = new OpenConnections(6)
  const sku = someSku()
  const system = useSystem(async () => {
    const ledger = decliningLedger()
    ;[provider, mailServer] = await Promise.all([startProvider({ ledger }), startMailServer()])
    return { provider, mailServer }
  })
  before(async () => {
    await system().shop.putStock(sku, 100_000)
    provider.misbehave({ operation: 'charge' }, { delayMs: 50 })
  })
  afterEach(() => {
    stream?.abandon()
    connections.release()
  })
  after(async () => {
    connections.close()
    await Promise.all([provider.stop(), mailServer.stop()])
  })

  for (const service of services) {
    it(`${service} finishes its started work, and no request, message or mail is lost or repeated`, async () => {
      const { agent } = connections
      const orders = new OrderStream({ shop: system().shop, perSecond, sku, repeat: 'when refused', agent })
      stream = orders
      await system().until('orders', () => orders.accepted.length >= 15)
      connections.hold()
      await system().services[service].stop()
      await system().start(service)
      connections.release()
      const target = orders.accepted.length + 15
      await system().until('orders again', () => orders.accepted.length >= target)
      await orders.stop()
      await system().settle()
      assert.deepEqual(orders.errors, [])
      const mails = mailServer.received.map(({ messageId }) => messageId)
      assert.equal(new Set(mails).size, mails.length)
    })
  }
})
