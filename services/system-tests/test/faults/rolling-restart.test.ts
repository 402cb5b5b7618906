import assert from 'node:assert/strict'
import { services } from '@order-saga/contracts'
import { OrderStream } from '../../harness/order-stream.ts'
import { RunningSystem } from '../../harness/running-system.ts'

describe('a restart under load', function () {
  this.timeout(180_000)
  let system: RunningSystem

  before(async () => {
    system = await RunningSystem.start()
  })
  after(() => system?.stop())

  for (const service of services) {
    it(`of ${service} ends with exit code 0, loses nothing and leaves no dead letter`, async () => {
      const stream = new OrderStream(system)
      await stream.more(10)
      const code = await system.services[service].stop()
      assert.equal(code, 0, system.services[service].log.slice(-10).join('\n'))
      system.services[service].start()
      await system.services[service].ready()
      await stream.more(10)
      await stream.end()
      // A client meets a port nobody listens on while the one order process is away, and never a failed request.
      const expected = service === 'order' ? [0] : []
      assert.deepEqual(
        [...stream.refused.keys()].filter((status) => !expected.includes(status)),
        [],
      )
      await system.assertClean()
    })
  }
})
