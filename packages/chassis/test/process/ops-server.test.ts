import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { waitUntil } from '@order-saga/dev'
import { ConfigurationError } from '../../src/core/config.ts'
import { createRegistry } from '../../src/core/metrics.ts'
import { type OpsServerOptions, startOpsServer } from '../../src/process/ops-server.ts'
import { recordedLog } from '../support/recorded-log.ts'

describe('the operations port', () => {
  const signals = ['SIGTERM', 'SIGINT'] as const
  const known = new Map(signals.map((signal) => [signal, process.listeners(signal)]))
  let server: Server
  let reasons: string[] = []
  let warnings: string[] = []
  let checks = 0
  let check = (): Promise<string[]> => Promise.resolve(reasons)
  const opened: Socket[] = []

  const options: OpsServerOptions = {
    host: '127.0.0.1',
    port: 0,
    registry: createRegistry(),
    log: recordedLog().log,
    notReady: () => {
      checks += 1
      return check()
    },
    warnings: () => warnings,
    shutdown: () => Promise.resolve(),
    shutdownTimeoutMs: 1_000,
  }

  before(async () => {
    server = await startOpsServer(options)
  })

  afterEach(() => {
    for (const socket of opened.splice(0)) socket.destroy()
    check = () => Promise.resolve(reasons)
  })

  after(() => {
    server.close()
    server.closeAllConnections()
    for (const signal of signals) {
      for (const added of process.listeners(signal)) {
        if (!known.get(signal)?.includes(added)) process.off(signal, added)
      }
    }
  })

  const port = (): number => (server.address() as AddressInfo).port

  /** Opens connections that send the text and read nothing. */
  async function flood(count: number, text: string): Promise<void> {
    const sockets = Array.from({ length: count }, () =>
      connect(port(), '127.0.0.1')
        .on('error', () => undefined)
        .pause(),
    )
    opened.push(...sockets)
    for (const socket of sockets) socket.write(text)
    await waitUntil(() => sockets.every((socket) => !socket.connecting), { what: 'connections', limitMs: 10_000 })
  }

  async function connections(): Promise<number> {
    return await new Promise((resolve, reject) => {
      server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
    })
  }

  async function readiness(): Promise<[status: number, body: Record<string, unknown>]> {
    const response = await fetch(`http://127.0.0.1:${port()}/readyz`)
    return [response.status, (await response.json()) as Record<string, unknown>]
  }

  /** 0 if the connection is refused or closed. On a new connection, as of a probe: fetch may use one that was just closed. */
  async function statusOf(path: string, method = 'GET'): Promise<number> {
    const asked = request({ port: port(), host: '127.0.0.1', path, method, agent: false })
    asked.end()
    try {
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      response.resume()
      return response.statusCode ?? 0
    } catch {
      return 0
    }
  }

  it('has the reasons and the warnings in the body of /readyz, and only reasons make it 503', async () => {
    assert.deepEqual(await readiness(), [200, { status: 'ok' }])
    warnings = ['A delivery of payment_queue has been unacknowledged for 150 s.']
    const [status, body] = await readiness()
    assert.deepEqual([status, body['details']], [200, warnings])
    reasons = ['The broker is not connected.']
    const [otherStatus, otherBody] = await readiness()
    assert.deepEqual([otherStatus, otherBody['details']], [503, [...reasons, ...warnings]])
    reasons = []
    warnings = []
    assert.deepEqual(await readiness(), [200, { status: 'ok' }])
  })

  it('serves health and metrics only, within time limits', async () => {
    const served = ['/healthz', '/readyz', '/metrics']
    for (const path of served) assert.equal(await statusOf(path), 200)
    for (const path of ['/', '/orders', '/sagas', '/debug', '/console']) assert.equal(await statusOf(path), 404)
    for (const path of served) assert.equal(await statusOf(path, 'POST'), 405)
    for (const limit of ['headersTimeout', 'requestTimeout', 'timeout'] as const) assert.equal(server[limit], 5_000)
    assert.equal(server.keepAliveTimeout, 65_000)
  })

  for (const [what, text] of [
    ['send nothing', ''],
    ['send half a request', 'GET /readyz HTTP/1.1\r\nHost: x\r\n'],
    ['stay open after their response', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['wait for a response', 'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n'],
  ] as const) {
    it(`answers the liveness probe while 400 connections ${what}, and keeps at most 100 of them`, async () => {
      let answer: (found: string[]) => void = () => undefined
      check = () => new Promise((resolve) => (answer = resolve))
      await flood(400, text)
      assert.equal(await statusOf('/healthz'), 200)
      await waitUntil(async () => (await connections()) <= 100, { what: 'at most 100 connections', limitMs: 5_000 })
      answer([])
    })
  }

  it('checks readiness once for requests that overlap', async () => {
    checks = 0
    let answer: (found: string[]) => void = () => undefined
    check = () => new Promise((resolve) => (answer = resolve))
    const pending = Array.from({ length: 20 }, () => readiness())
    await waitUntil(() => checks > 0, { what: 'a check', limitMs: 5_000 })
    await statusOf('/healthz')
    answer([])
    for (const [status] of await Promise.all(pending)) assert.equal(status, 200)
    assert.equal(checks, 1)
  })

  for (const host of ['192.0.2.1', '2001:db8::1']) {
    it(`refuses an address of another machine in one sentence: ${host}`, async () => {
      const expected = new ConfigurationError(`OPS_HOST must be an address of this machine, but is "${host}".`)
      await assert.rejects(startOpsServer({ ...options, host }), expected)
    })
  }
})
