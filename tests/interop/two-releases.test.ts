// needs: system
// slow: runs the services of the previous release from their sources
import assert from 'node:assert/strict'
import { type ServiceName, services } from '@order-saga/contracts'
import { RunFolder } from '../../tools/dev/src/run-folder.ts'
import { OrderStream } from '../support/order-stream.ts'
import { previousLogin, previousRelease } from '../support/previous-release.ts'
import type { Program } from '../support/service-process.ts'
import { someSku } from '../support/shop.ts'
import { System } from '../support/system.ts'

const perSecond = 20

describe('Two releases side by side, under load,', function () {
  this.timeout(400_000)
  let folder: RunFolder
  let previous: (service: ServiceName) => Program
  before(async () => {
    folder = await RunFolder.create('previous-release')
    previous = await previousRelease(folder)
  })
  after(() => folder.remove())

  const orders: readonly (readonly ServiceName[])[] = [services, services.toReversed()]
  for (const sequence of orders) {
    it(`lose no order and dead-letter nothing, upgraded in the order ${sequence.join(', ')}`, async () => {
      const system = await System.start({ services: [], env: await previousLogin() })
      const sku = someSku()
      let stream: OrderStream | undefined
      try {
        for (const service of services) system.services[service].use(previous(service))
        await Promise.all(services.map((service) => system.start(service)))
        await system.shop.putStock(sku, 100_000)
        const placed = new OrderStream({ shop: system.shop, perSecond, sku, repeat: 'until accepted' })
        stream = placed
        const more = async (): Promise<void> => {
          const target = placed.accepted.length + 2 * perSecond
          await system.until('more orders', () => placed.accepted.length >= target)
        }
        await more()
        const [first] = placed.accepted
        assert.equal((await system.untilFinal(first!.sagaId)).status, 'completed')
        for (const service of sequence) {
          system.services[service].use(undefined)
          await system.restart(service)
          await more()
        }
        await placed.stop()
        await system.settle()
        for (const service of services) assert.deepEqual(await system.broker.deadLetters(service), [], service)
        const [finished] = await system.sql<{ count: number }>(
          'order',
          'SELECT count(*)::integer AS count FROM saga_instances WHERE finished_at IS NOT NULL',
        )
        assert.equal(finished?.count, placed.accepted.length)
        await system.assertClean()
      } finally {
        stream?.abandon()
        await system.stop()
      }
    })
  }
})
