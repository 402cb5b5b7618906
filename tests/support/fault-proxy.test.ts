import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { waitUntil } from '@order-saga/dev'
import { FaultProxy } from './fault-proxy.ts'

describe('The fault proxy', () => {
  let server: Server
  let proxy: FaultProxy
  let client: Socket
  let served: Socket
  let received = ''

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy = await FaultProxy.start((server.address() as AddressInfo).port)
    const accepted = once(server, 'connection')
    client = connect(proxy.port, '127.0.0.1')
    client.on('error', () => undefined)
    ;[served] = (await accepted) as [Socket]
    received = ''
    client.setEncoding('utf8').on('data', (text: string) => (received += text))
    served.on('error', () => undefined)
  })

  afterEach(async () => {
    for (const socket of [client, served]) socket.destroy()
    await proxy.close()
    server.close()
    await once(server, 'close')
  })

  async function untilReceived(expected: string): Promise<void> {
    await waitUntil(() => received.length >= expected.length, {
      what: `"${expected}"`,
      limitMs: 5_000,
      intervalMs: 5,
      state: () => received,
    })
    assert.equal(received, expected)
  }

  it('keeps the order of the bytes when a delay ends while some of them are late', async () => {
    proxy.delay(300)
    served.write('one ')
    await waitUntil(() => proxy.replied === 4, { what: 'the proxy to have it', limitMs: 5_000, intervalMs: 1 })
    proxy.delay(20)
    served.write('two ')
    await waitUntil(() => proxy.replied === 8, { what: 'the proxy to have it', limitMs: 5_000, intervalMs: 1 })
    proxy.pass()
    served.write('three')
    await untilReceived('one two three')
  })

  it('forwards the retained bytes after a silence', async () => {
    proxy.silence()
    served.write('held')
    proxy.pass()
    await untilReceived('held')
  })

  it('closes one side after a silence in which the other side has closed, and not before', async () => {
    proxy.silence()
    const servedClosed = once(served, 'close')
    client.resetAndDestroy()
    await once(client, 'close')
    assert(!served.closed)
    proxy.pass()
    await servedClosed
    assert.equal(proxy.connections, 0)
  })
})
