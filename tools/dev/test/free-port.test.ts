import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { promisify } from 'node:util'
import { freePort, onFreePorts, portIsFree, PortInUse, portRange, startFailure } from '../src/free-port.ts'

describe('the choice of a port', () => {
  it('is outside of the ports of outgoing connections, however these are set', () => {
    assert.deepEqual(portRange([32_768, 60_999]), [15_000, 30_000])
    assert.deepEqual(portRange([20_000, 65_535]), [15_000, 20_000])
    assert.deepEqual(portRange([10_000, 65_000]), [1_024, 10_000])
    assert.deepEqual(portRange([1_024, 60_999]), [61_000, 65_536])
    assert.deepEqual(portRange([1_024, 65_535]), [1_024, 65_536])
  })

  it('reads the ports of this machine', async () => {
    const [from, to] = portRange()
    const port = await freePort()
    assert.ok(from <= port && port < to)
  })

  it('gives a process each port once', async () => {
    const ports = new Set<number>()
    for (let i = 0; i < 500; i += 1) ports.add(await freePort())
    assert.equal(ports.size, 500)
  })

  it('gives processes that choose at the same time different ports', async () => {
    const module = new URL('../src/free-port.ts', import.meta.url).href
    const script = `import { freePort } from ${JSON.stringify(module)}; for (let i = 0; i < 50; i += 1) console.log(await freePort())`
    const args = ['--import=tsx', '--input-type=module', '--eval', script]
    const outputs = await Promise.all([1, 2, 3].map(() => promisify(execFile)(process.execPath, args)))
    const ports = outputs.flatMap(({ stdout }) => stdout.trim().split('\n'))
    assert.equal(new Set(ports).size, 150)
  })

  it('avoids the port of an outgoing connection', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
    try {
      await once(client, 'connect')
      const { localPort = 0 } = client
      assert.equal(await portIsFree(localPort), false)
      const [from, to] = portRange()
      assert.ok(localPort < from || to <= localPort)
    } finally {
      client.destroy()
      server.close()
    }
  })

  it('is repeated when the port was taken meanwhile, and only then', async () => {
    let starts = 0
    const start = async (): Promise<number> => {
      starts += 1
      if (starts < 3) throw new PortInUse('taken')
      return starts
    }
    assert.equal(await onFreePorts(start), 3)
    await assert.rejects(
      onFreePorts(() => Promise.reject(new PortInUse('always'))),
      /always/,
    )
    starts = 0
    const broken = onFreePorts(async () => {
      starts += 1
      throw new Error('broken')
    })
    await assert.rejects(broken, /broken/)
    assert.equal(starts, 1)
  })

  for (const log of [
    'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use',
    'Failed to start Ranch listener {acceptor,{127,0,0,1},15672} in gen_tcp:listen({cb_info,#Fun<>}) for reason eaddrinuse',
    'ERROR: could not bind to distribution port 25672, it is in use by another node: rabbit@host',
    'epmd: there is already a epmd running at port 4369',
    'Bind for 127.0.0.1:5672 failed: port is already allocated',
  ]) {
    it(`is recognized as taken by "${log.slice(0, 60)}"`, () => {
      assert.ok(startFailure('x', log) instanceof PortInUse)
    })
  }

  it('is not blamed for another failure', () => {
    assert.ok(!(startFailure('x', 'FATAL:  could not load pg_hba.conf') instanceof PortInUse))
  })
})
