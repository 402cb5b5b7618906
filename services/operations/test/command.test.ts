// needs: database, broker
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testServers } from '@order-saga/dev'
import { auditSettings } from '../src/index.ts'
import { runAudit } from '../src/audit-command.ts'
import type { AuditReport } from '../src/index.ts'
import { AuditedSystem } from './audited-system.ts'
import { type Scenario, writeScenario } from './scenarios.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly error: string
}

async function run(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Ran> {
  let [out, error] = ['', '']
  const print = {
    out: (text: string) => void (out += `${text}\n`),
    error: (text: string) => void (error += `${text}\n`),
  }
  return { code: await runAudit(args, environment, print), out, error }
}

describe('the audit command', () => {
  let system: AuditedSystem
  let environment: NodeJS.ProcessEnv
  let scenario: Scenario

  before(async function () {
    this.timeout(120_000)
    system = await AuditedSystem.start()
    environment = {
      ORDER_DB_URL: system.sources.order.url,
      PAYMENT_DB_URL: system.sources.payment.url,
      INVENTORY_DB_URL: system.sources.inventory.url,
      RABBITMQ_URL: (await testServers().rabbitMq()).url,
      AUDIT_SETTLE_MS: '1',
    }
  })
  after(() => system.stop())
  beforeEach(async () => {
    scenario = await writeScenario(system, 'confirmed')
  })
  afterEach(() => system.clear())

  it('exits with 0 and its report without violations', async () => {
    const { code, out, error } = await run([], environment)
    assert.equal(code, 0)
    assert.match(out, /^kept {6}3 money/m)
    assert.match(out, /^clean: 1 order and 4 events/m)
    assert.equal(error, '')
  })

  it('exits with 1 and names the orders with violations', async () => {
    await system.sql('order', "UPDATE orders SET currency = 'USD'")
    const { code, out } = await run([], environment)
    assert.equal(code, 1)
    assert.match(out, /^violated {2}3 money +1 violation: /m)
    assert.match(out, new RegExp(`^ +confirmed, but another amount was charged: 1 \\(${scenario.orderId}\\)$`, 'm'))
    assert.match(out, /^NOT CLEAN: /m)
  })

  it('prints the report as JSON', async () => {
    await system.sql('order', "UPDATE orders SET currency = 'USD'")
    const { code, out } = await run(['--json'], environment)
    const report = JSON.parse(out) as AuditReport
    assert.equal(code, 1)
    assert.equal(report.clean, false)
    assert.deepEqual(
      report.checks.map(({ check, invariant, result }) => [invariant, check, result]),
      [
        [1, 'finality', 'kept'],
        [2, 'one_outcome', 'kept'],
        [3, 'money', 'violated'],
        [4, 'stock', 'kept'],
        [5, 'events', 'kept'],
        [6, 'client_answers', 'skipped'],
        [null, 'proofs', 'kept'],
        [null, 'retries', 'kept'],
        [null, 'dead_letters', 'kept'],
        [null, 'parked_events', 'kept'],
        [null, 'operator_acts', 'kept'],
      ],
    )
  })

  it('exits with 2 and one sentence when a database is unavailable, without its password', async () => {
    const { code, out, error } = await run([], {
      ...environment,
      PAYMENT_DB_URL: 'postgres://ann:secret@127.0.0.1:1/x',
    })
    assert.deepEqual({ code, out }, { code: 2, out: '' })
    assert.equal(error, 'The audit could not be done: the payment database: connect ECONNREFUSED 127.0.0.1:1.\n')
  })

  it('exits with 2 and one sentence when a database has no schema', async () => {
    const server = await testServers().postgres()
    const { code, error } = await run([], { ...environment, INVENTORY_DB_URL: server.url() })
    assert.equal(code, 2)
    assert.match(error, /^The audit could not be done: the inventory database: relation "\w+" does not exist\.\n$/)
  })

  it('exits with 2 and one sentence when the broker is unavailable', async () => {
    const { code, error } = await run([], { ...environment, RABBITMQ_URL: 'amqp://127.0.0.1:1' })
    assert.equal(code, 2)
    assert.equal(error, 'The audit could not be done: the broker: connect ECONNREFUSED 127.0.0.1:1.\n')
  })

  it('exits with 2 and names the invalid setting', async () => {
    const unknown = await run(['--all'], environment)
    assert.equal(unknown.code, 2)
    assert.equal(unknown.error, "Unknown option '--all'; --help lists the options.\n")
    const wrong = await run(['--settle-ms', '1s'], environment)
    assert.equal(wrong.code, 2)
    assert.match(wrong.error, /^AUDIT_SETTLE_MS must be an integer from 0 to \d+ \(milliseconds\), but is "1s"\.\n$/)
    const secret = await run([], { ...environment, ORDER_DB_URL: 'mysql://ann:secret@host' })
    assert.equal(secret.code, 2)
    assert.equal(secret.error, 'ORDER_DB_URL must be a URL that starts with postgres:// or postgresql://.\n')
  })

  it('reads a client log, and exits with 2 when it is invalid', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'order-saga-audit-'))
    try {
      const file = join(folder, 'client.jsonl')
      const { orderId, sagaId } = scenario
      await writeFile(file, JSON.stringify({ at: 'now', status: 202, orderId, sagaId }))
      const kept = await run(['--client-log', file], environment)
      assert.equal(kept.code, 0, kept.error)
      assert.match(kept.out, /^kept {6}6 client_answers/m)
      await system.sql('order', 'UPDATE orders SET order_id = gen_random_uuid()')
      assert.match((await run([], { ...environment, AUDIT_CLIENT_LOG: file })).out, /^violated {2}6 client_answers/m)
      await writeFile(file, 'nonsense')
      const none = await run(['--client-log', file], environment)
      assert.equal(none.code, 2)
      assert.match(none.error, /^The audit could not be done: line 1 of .* is not a response to a client\.\n$/)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('prefers the tolerance of the flag to that of the environment', async () => {
    await system.sql('order', "UPDATE saga_instances SET status = 'pending', finished_at = NULL, version = 2")
    await system.sql('order', "UPDATE orders SET status = 'pending'")
    const patient = await run(['--tolerance-ms', '7200000'], { ...environment, AUDIT_TOLERANCE_MS: '1' })
    assert.doesNotMatch(patient.out, /still open long after the deadline/)
    const strict = await run([], { ...environment, AUDIT_TOLERANCE_MS: '1' })
    assert.match(strict.out, /still open long after the deadline/)
  })

  it('lists every flag with its variable', async () => {
    const { code, out } = await run(['--help'], {})
    assert.equal(code, 0)
    for (const flag of ['settle-ms', 'tolerance-ms', 'allow-dead-letters', 'allow-parked-events', 'client-log']) {
      assert.match(out, new RegExp(`^ +--${flag} .*\\(AUDIT_${flag.toUpperCase().replaceAll('-', '_')}\\)$`, 'm'))
    }
  })

  it('has a sentence on every setting', () => {
    for (const { env, doc } of Object.values(auditSettings)) assert.match(doc, /\.$/, env)
  })
})
