import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRegistry } from '../../src/core/metrics.ts'
import { startOpsServer } from '../../src/process/ops-server.ts'
import { recordedLog } from '../support/recorded-log.ts'

describe('the readiness of a process', () => {
  const signals = ['SIGTERM', 'SIGINT'] as const
  const known = new Map(signals.map((signal) => [signal, process.listeners(signal)]))
  let server: Server
  let reasons: string[] = []
  let warnings: string[] = []

  before(async () => {
    server = await startOpsServer({
      port: 0,
      registry: createRegistry(),
      log: recordedLog().log,
      notReady: () => Promise.resolve(reasons),
      warnings: () => warnings,
      shutdown: () => Promise.resolve(),
      shutdownTimeoutMs: 1_000,
    })
  })

  after(() => {
    server.close()
    for (const signal of signals) {
      for (const added of process.listeners(signal)) {
        if (!known.get(signal)?.includes(added)) process.off(signal, added)
      }
    }
  })

  async function readiness(): Promise<[status: number, body: Record<string, unknown>]> {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`)
    return [response.status, (await response.json()) as Record<string, unknown>]
  }

  it('has the reasons and the warnings in its body, and only reasons make it 503', async () => {
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
})
