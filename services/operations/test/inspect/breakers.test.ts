import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readBreakers } from '../../src/inspect/breakers.ts'

describe('readBreakers', () => {
  const servers: Server[] = []
  const now = new Date('2026-01-01T00:01:00Z')

  async function metrics(seconds: number): Promise<string> {
    const server = createServer((_, response) =>
      response.end(`circuit_breaker_open_seconds{dependency="database"} ${seconds}\n`),
    ).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return `http://localhost:${(server.address() as AddressInfo).port}`
  }
  afterEach(() => servers.splice(0).forEach((server) => server.close()))

  it('reports an open breaker of each address of a name, once, and none of a process that does not answer', async () => {
    const [order, payment] = [await metrics(60), await metrics(0)]
    const found = await readBreakers({ order, payment, inventory: 'http://localhost:1', notification: '' }, now)
    assert.deepEqual(found, [{ service: 'order', dependency: 'database', since: new Date('2026-01-01T00:00:00Z') }])
  })

  it('has none for an address that is no URL or has an unknown name', async () => {
    assert.deepEqual(await readBreakers({ order: 'nonsense', payment: 'http://nowhere.invalid:1' }, now), [])
  })
})
