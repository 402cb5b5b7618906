import assert from 'node:assert/strict'
import { freePort } from '../src/free-port.ts'
import { choosePorts } from '../src/service-plan.ts'

describe('the ports of a run', () => {
  it('are all different where one that is named is usual for another process', async () => {
    const [named, usual] = [await freePort(), await freePort()]
    const ports = await choosePorts({ PORT: String(named) }, { order: usual, inventory: named, console: named })
    const all = [ports.order, ports.inventory, ports.console, ...Object.values(ports.ops)]
    assert.equal(ports.order, named)
    assert.equal(new Set(all).size, all.length)
  })

  it('are refused where two processes would have the same', async () => {
    const port = String(await freePort())
    await assert.rejects(
      choosePorts({ INVENTORY_PORT: port, PAYMENT_OPS_PORT: port }, {}),
      new Error('PAYMENT_OPS_PORT is the port of INVENTORY_PORT, too: set it to another one.'),
    )
  })

  for (const text of ['0', '1e3', '0x1000', '5.0', '65536', '-1', 'http']) {
    it(`are refused where one is ${text}`, async () => {
      await assert.rejects(
        choosePorts({ PORT: text }, {}),
        new Error(`PORT is "${text}": set it to a port, a number from 1 to 65535.`),
      )
    })
  }
})
