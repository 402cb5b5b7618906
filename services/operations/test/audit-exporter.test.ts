// needs: database, broker
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createLog, createRegistry } from '@order-saga/chassis'
import { assertBuilt } from '@order-saga/tests/support/built'
import { testServers, waitUntil } from '@order-saga/dev'
import { differences, documentedMetrics, exportedMetrics } from '@order-saga/monitoring'
import { freePort } from '../../../tools/dev/src/free-port.ts'
import { keepAuditing } from '../src/audit-exporter.ts'
import { createAuditMetrics } from '../src/audit-metrics.ts'
import type { AuditReport } from '../src/index.ts'
import { AuditedSystem } from './audited-system.ts'
import { writeScenario } from './scenarios.ts'

const program = fileURLToPath(new URL('../dist/audit-exporter-main.js', import.meta.url))

describe('The audit exporter', function () {
  this.timeout(120_000)
  let system: AuditedSystem
  let child: ChildProcess | undefined

  before(async () => {
    system = await AuditedSystem.start()
  })
  after(() => system.stop())
  afterEach(async () => {
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await system.clear()
  })

  it('exports the result of each audit, and stops at SIGTERM', async () => {
    await assertBuilt(['operations'])
    await writeScenario(system, 'confirmed')
    const port = await freePort()
    child = spawn(process.execPath, [program], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        ORDER_DB_URL: system.sources.order.url,
        PAYMENT_DB_URL: system.sources.payment.url,
        INVENTORY_DB_URL: system.sources.inventory.url,
        RABBITMQ_URL: (await testServers().rabbitMq()).url,
        OPS_PORT: String(port),
        AUDIT_SETTLE_MS: '1',
        AUDIT_INTERVAL_MS: '1000',
      },
    })
    const read = async (): Promise<string> =>
      fetch(`http://127.0.0.1:${port}/metrics`).then(
        (answer) => answer.text(),
        () => '',
      )
    const shows = async (pattern: RegExp): Promise<string> => {
      let text = ''
      return await waitUntil(
        async () => {
          text = await read()
          return pattern.test(text) && text
        },
        { what: String(pattern), limitMs: 60_000, state: () => text },
      )
    }
    const clean = await shows(/^saga_audit_runs_total\{result="clean"\} [1-9]/m)
    assert.match(clean, /^saga_audit_violations\{invariant="money"\} 0$/m)
    assert.doesNotMatch(clean, /invariant="client_answers"/, 'a skipped check has no value')
    assert.deepEqual(differences('audit-exporter', exportedMetrics(clean), documentedMetrics()), [])
    await system.sql('order', "UPDATE orders SET currency = 'USD'")
    await shows(/^saga_audit_violations\{invariant="money"\} 1$/m)
    child.kill('SIGTERM')
    const [code] = (await once(child, 'exit')) as [number | null]
    assert.equal(code, 0)
  })

  it('keeps the last values when an audit fails, and pauses nine times as long as an audit takes', async () => {
    const registry = createRegistry()
    const stop = new AbortController()
    const rests: number[] = []
    const report: AuditReport = {
      clean: false,
      at: '',
      tookMs: 1_500,
      orders: 1,
      events: 1,
      checks: [
        { check: 'stock', invariant: 4, guarantee: '', promise: '', result: 'violated', violations: 2, kinds: [] },
      ],
      information: [],
    }
    const outcomes = [
      async () => report,
      async () => {
        const until = performance.now() + 50
        await waitUntil(() => performance.now() > until, { what: 'time to pass', limitMs: 1_000, intervalMs: 5 })
        throw new Error('the broker: away')
      },
    ]
    await keepAuditing(
      {
        audit: async () => await (outcomes.shift() ?? (() => Promise.reject(new Error('no more'))))(),
        intervalMs: 10,
        metrics: createAuditMetrics(registry),
        log: createLog('audit-exporter', 'silent'),
        pause: async (ms) => {
          rests.push(ms)
          if (rests.length === 2) stop.abort()
        },
      },
      stop.signal,
    )
    const text = await registry.metrics()
    assert.match(text, /^saga_audit_violations\{invariant="stock"\} 2$/m)
    assert.match(text, /^saga_audit_runs_total\{result="violated"\} 1$/m)
    assert.match(text, /^saga_audit_runs_total\{result="not_done"\} 1$/m)
    assert.match(text, /^saga_audit_duration_seconds 1\.5$/m)
    assert.ok((rests[1] ?? 0) >= 9 * 50, String(rests))
  })
})
