// needs: own-servers
// slow: a broker that is stopped in good order, under load
import assert from 'node:assert/strict'
import { services } from '@order-saga/contracts'
import { OrderStream } from '../support/order-stream.ts'
import { someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

describe('A broker shutdown', function () {
  this.timeout(180_000)
  let stream: OrderStream | undefined
  const sku = someSku()
  const system = useSystem()
  before(() => system().shop.putStock(sku, 100_000))
  afterEach(() => stream?.abandon())

  it('with a restart prevents no order from being accepted, and loses none', async () => {
    const orders = new OrderStream({ shop: system().shop, perSecond: 15, sku, repeat: 'until accepted' })
    stream = orders
    const more = async (): Promise<void> => {
      const target = orders.accepted.length + 10
      await system().until('more orders', () => orders.accepted.length >= target)
    }
    await more()
    await system().broker.server.restart()
    await Promise.all(services.map((service) => system().services[service].ready()))
    await more()
    await orders.stop()
    await system().settle()
    assert.deepEqual(orders.errors, [])
  })
})
