// needs: system
import assert from 'node:assert/strict'
import { call } from '../support/call.ts'
import { RawClient } from '../support/raw-client.ts'
import { useReplacement } from './rolling-restart.ts'

describe('The order service that receives SIGTERM under load', function () {
  this.timeout(180_000)
  const { system, replace } = useReplacement()

  it('order is replaced in time under orders, without a failed request or a repeated effect', () => replace('order'))

  it('order answers a request that it has read in part, and one on a connection that was idle', async () => {
    const [half, idle] = [new RawClient(system().shop.port), new RawClient(system().shop.port)]
    const body = JSON.stringify({ customerEmail: 'half@example.com', items: [{ sku: 'SKU-1', qty: 1 }], amount: 10 })
    const headers = `Host: order\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`
    await half.send(`POST /orders HTTP/1.1\r\n${headers}`)
    await idle.send('GET /orders HTTP/1.1\r\nHost: order\r\n\r\n')
    await system().until('an answer', () => idle.received.includes('HTTP/1.1 200'))
    // A connection made later is answered: both that were made before have been taken.
    await system().shop.post()

    const { order } = system().services
    const stopped = order.stop()
    await idle.send('GET /orders?limit=1 HTTP/1.1\r\nHost: order\r\n\r\n')
    await system().until('order to end', async () => (await call(`${order.opsUrl}/readyz`)).status === 503)
    await half.send(`\r\n${body}`)
    await Promise.all([half.closed, idle.closed, stopped])
    assert.deepEqual([half.error, idle.error], [undefined, undefined])
    await system().start('order')
    assert.match(half.received, /^HTTP\/1\.1 202 .*\r\nconnection: close\r\n/is)
    assert.equal(idle.received.match(/HTTP\/1\.1 200 /g)?.length, 2)
  })
})
