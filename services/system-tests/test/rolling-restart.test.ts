import assert from 'node:assert/strict'
import { services } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../../notification/test/mail-server.ts'
import { type Provider, startProvider } from '../../payment/test/gateway/provider.ts'
import { ProviderLedger } from '../../payment/test/gateway/provider-ledger.ts'
import { call } from '../harness/call.ts'
import { declinedAmount } from '../harness/flows.ts'
import { OpenConnections } from '../harness/open-connections.ts'
import { OrderStream } from '../harness/order-stream.ts'
import { RawClient } from '../harness/raw-client.ts'
import { someSku } from '../harness/shop.ts'
import { useSystem } from '../harness/use-system.ts'

describe('A service that is told to end under load', function () {
  this.timeout(180_000)
  let provider: Provider
  let mailServer: MailServer
  let stream: OrderStream | undefined
  const connections = new OpenConnections(6)
  const sku = someSku()
  const system = useSystem(async () => {
    const ledger = new ProviderLedger(({ amount }) => Number(amount) === declinedAmount)
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
    it(`${service} finishes what it has begun, and no request, message or mail is lost or repeated`, async () => {
      const { agent } = connections
      const orders = new OrderStream({ shop: system().shop, perSecond: 40, sku, repeat: 'when refused', agent })
      stream = orders
      await system().until('orders', () => orders.accepted.length >= 15)
      connections.hold()
      await system().services[service].stop()
      await system().start(service)
      connections.release()
      const enough = orders.accepted.length + 15
      await system().until('orders again', () => orders.accepted.length >= enough)
      await orders.stop()
      await system().settle()
      assert.deepEqual(orders.trouble, [])
      const mails = mailServer.received.map(({ messageId }) => messageId)
      assert.equal(new Set(mails).size, mails.length)
    })
  }

  it('order answers a request that it has read in part, and one on a connection that was idle', async () => {
    const [half, idle] = [await RawClient.connect(system().shop.port), await RawClient.connect(system().shop.port)]
    const body = JSON.stringify({ customerEmail: 'half@example.com', items: [{ sku, qty: 1 }], amount: 10 })
    const headers = `Host: order\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`
    half.write(`POST /orders HTTP/1.1\r\n${headers}`)
    idle.write('GET /orders HTTP/1.1\r\nHost: order\r\n\r\n')
    await system().until('an answer', () => idle.received.includes('HTTP/1.1 200'))
    // A connection made later is answered: both that were made before have been taken.
    await system().shop.post()

    const { order } = system().services
    const stopped = order.stop()
    idle.write('GET /orders?limit=1 HTTP/1.1\r\nHost: order\r\n\r\n')
    await system().until('order to end', async () => (await call(`${order.opsUrl}/readyz`)).status === 503)
    half.write(`\r\n${body}`)
    await Promise.all([half.closed, idle.closed, stopped])
    await system().start('order')
    assert.match(half.received, /^HTTP\/1\.1 202 .*\r\nconnection: close\r\n/is)
    assert.equal(idle.received.match(/HTTP\/1\.1 200 /g)?.length, 2)
  })
})
