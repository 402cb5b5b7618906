// needs: system
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { waitUntil } from '@order-saga/dev'
import { call } from '../support/call.ts'
import { Metrics } from '../support/metrics.ts'
import { operationsEnvironment } from '../support/operations-environment.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { shiftedClock } from '../support/shifted-clock.ts'
import { System } from '../support/system.ts'

const hour = 3_600_000
const sagaProgram = fileURLToPath(new URL('../../services/operations/dist/saga-main.js', import.meta.url))

describe('a process whose clock is wrong', function () {
  this.timeout(120_000)
  let system: System
  const replicas: ServiceProcess[] = []

  before(async function () {
    this.timeout(180_000)
    // The clean-up runs as often as its shortest retention lasts.
    const env = { TIMEOUT_CHECK_INTERVAL_MS: 50, OUTBOX_RETENTION_MS: 1_000 }
    // Ready all the same.
    const envOf = { payment: { ...shiftedClock(hour), MAX_CLOCK_SKEW_MS: 2 * hour } }
    system = await System.start({ env, envOf })
  })

  after(async () => {
    await Promise.all(replicas.map((one) => one.stop()))
    await system?.stop()
  })

  afterEach(async () => {
    await Promise.all(replicas.splice(0).map((one) => one.stop()))
    for (const service of ['order', 'payment'] as const) {
      if (!system.services[service].running) await system.start(service)
    }
    await system.settle()
  })

  /** Replaces the order process by one whose clock is ahead, and waits for its API. */
  async function replaceOrder(aheadMs: number): Promise<ServiceProcess> {
    await system.services.order.stop()
    const replica = await system.services.order.replica({ ...shiftedClock(aheadMs), PORT: system.shop.port })
    replicas.push(replica)
    await waitUntil(async () => (await call(`http://127.0.0.1:${system.shop.port}/orders`)).status === 200, {
      what: 'the API of the order process whose clock is ahead',
      limitMs: 60_000,
    })
    return replica
  }

  /** Open sagas of that age, by `saga` on a machine whose clock is 25 hours ahead. */
  async function olderThan(age: string): Promise<string[]> {
    const args = [sagaProgram, 'list', '--status', 'pending', '--older-than', age, '--json']
    const env = { PATH: process.env['PATH'], ...operationsEnvironment(system), ...shiftedClock(25 * hour) }
    const { stdout } = await promisify(execFile)(process.execPath, args, { env })
    return (JSON.parse(stdout) as { items: { sagaId: string }[] }).items.map(({ sagaId }) => sagaId)
  }

  it('an hour ahead charges an order before its deadline', async () => {
    const { sagaId } = await system.shop.post()
    assert.equal((await system.untilFinal(sagaId)).status, 'completed')
  })

  it('25 hours ahead deletes no fresh idempotency key, cancels no saga before its deadline, and is not ready', async () => {
    await system.services.payment.stop()
    const { orderId, sagaId } = await system.shop.post({}, { key: 'fresh' })
    const replica = await replaceOrder(25 * hour)
    await system.sql(
      'order',
      `INSERT INTO idempotency_keys (key, fingerprint, order_id, saga_id, created_at)
       SELECT 'old', fingerprint, order_id, saga_id, created_at - interval '25 hours' FROM idempotency_keys`,
    )
    const keys = async (): Promise<unknown[]> =>
      (await system.sql('order', 'SELECT key FROM idempotency_keys')).map(({ key }) => key)
    await waitUntil(async () => !(await keys()).includes('old'), { what: 'the clean-up', limitMs: 30_000 })
    assert.deepEqual(await keys(), ['fresh'])
    assert.equal((await system.shop.post({}, { key: 'fresh' })).orderId, orderId)
    assert.equal((await system.shop.saga(sagaId)).status, 'pending')
    assert.deepEqual(await olderThan('1h'), [])
    assert.deepEqual(await olderThan('0s'), [sagaId])

    const { status, body } = await call(`${replica.opsUrl}/readyz`)
    assert.equal(status, 503)
    assert.match(JSON.stringify(body), /The clock of this process is 9000\d\.\d s ahead of the clock of its database/)
    const skew = (await Metrics.read(replica.opsUrl)).sum('clock_skew_seconds')
    assert.ok(skew > 89_990 && skew < 90_010, `${skew}`)
  })

  it('an hour ahead leases its events for seconds', async () => {
    await replaceOrder(hour)
    const { orderId } = await system.shop.post()
    const leases = await system.sql<{ short: boolean; fresh: boolean }>(
      'order',
      `SELECT lease_until < clock_timestamp() + interval '1 minute' AS short,
         created_at BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() AS fresh
       FROM events WHERE order_id = $1`,
      [orderId],
    )
    assert.ok(leases.length > 0)
    assert.ok(
      leases.every(({ short, fresh }) => short && fresh),
      JSON.stringify(leases),
    )
  })
})
