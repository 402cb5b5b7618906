// needs: system
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { percentile } from '../support/percentile.ts'
import { measureLatency } from '../chaos/overload/measure-latency.ts'
import { someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

describe('Overload of the order API', function () {
  this.timeout(180_000)
  const sku = someSku()
  const system = useSystem()
  const sockets: Socket[] = []
  before(() => system().shop.putStock(sku, 1_000_000))
  afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()))

  /** Orders of others, which must be answered as if nobody else were there. */
  async function othersAreServed(): Promise<void> {
    const { latenciesMs, failures } = await measureLatency(system().shop, 20, { items: [{ sku, qty: 1 }] })
    assert.deepEqual(failures, [])
    assert(percentile(latenciesMs, 99) < 2_000, `99 % were answered within ${percentile(latenciesMs, 99)} ms`)
  }

  async function open(count: number, first: string): Promise<void> {
    const made = Array.from({ length: count }, () => connect(system().shop.port, '127.0.0.1'))
    sockets.push(...made)
    for (const socket of made) socket.on('error', () => undefined)
    await Promise.all(made.map((socket) => once(socket, 'connect')))
    if (first !== '') for (const socket of made) socket.write(first)
  }

  it('by idle connections does not block other clients', async () => {
    await open(1_000, '')
    await othersAreServed()
  })

  it('by clients that send headers byte by byte does not block others, and they receive a response', async () => {
    await open(200, 'POST /orders HTTP/1.1\r\nHost: order\r\nX-Slow: ')
    const drip = setInterval(() => sockets.forEach((socket) => socket.write('x')), 100)
    try {
      await othersAreServed()
      await system().until('responses to the slow clients', () =>
        sockets.every(({ closed, bytesRead }) => closed || bytesRead > 0),
      )
    } finally {
      clearInterval(drip)
    }
  })

  it('by clients that send bodies byte by byte does not block others', async () => {
    const headers = 'Host: order\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n'
    await open(200, `POST /orders HTTP/1.1\r\n${headers}\r\n`)
    const drip = setInterval(() => sockets.forEach((socket) => socket.write(' ')), 100)
    try {
      await othersAreServed()
    } finally {
      clearInterval(drip)
    }
  })

  it('by a chunked body of 1 GB is refused with 413 before it is complete, and does not block others', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    const huge = request(`http://127.0.0.1:${system().shop.port}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    })
    let sent = 0
    const answered = once(huge, 'response')
    huge.on('error', () => undefined)
    const pour = (): void => {
      while (sent < 1024 && !huge.destroyed) {
        sent += 1
        if (!huge.write(chunk)) return void huge.once('drain', pour)
      }
    }
    pour()
    const [[response]] = (await Promise.all([answered, othersAreServed()])) as [[{ statusCode: number }], void]
    assert.equal(response.statusCode, 413)
    huge.destroy()
    assert(sent < 1024, `all of it was taken: ${sent} MiB`)
  })
})
