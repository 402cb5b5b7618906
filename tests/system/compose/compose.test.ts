import assert from 'node:assert/strict'
import type { Setting } from '@order-saga/chassis'
import { maxMessageBytes } from '@order-saga/contracts'
import { waitUntil } from '@order-saga/dev'
import { inventorySettings } from '../../../services/inventory/src/config.ts'
import { notificationSettings } from '../../../services/notification/src/config.ts'
import { brokerDefinitions, loadBrokerDefinitionsConfig } from '../../../services/operations/src/broker-definitions.ts'
import { consoleSettings } from '../../../services/operations/src/console-config.ts'
import { orderSettings } from '../../../services/order/src/config.ts'
import { paymentSettings } from '../../../services/payment/src/config.ts'
import { brokerUsers, comparable, definitionsOf, nameAndTags } from './broker.ts'
import { ComposeProject } from './compose-project.ts'
import { eventsOf, orderOfReadme, Shop, shortOrderOfReadme } from './shop.ts'

const services = ['order', 'payment', 'inventory', 'notification'] as const
const stores = ['order', 'payment', 'inventory'] as const
const graceMs = 30_000
const settings = {
  'order-service': orderSettings,
  'payment-service': paymentSettings,
  'inventory-service': inventorySettings,
  'notification-service': notificationSettings,
  console: consoleSettings,
} as const
/** The long-running processes, each with the image that it runs. */
const images = [...services.map((name) => [`${name}-service`, name] as const), ['console', 'operations'] as const]
/** The specification's environment, and Compose's own; the services have other defaults. */
const specified: Readonly<Record<string, string>> = {
  PAYMENT_FAILURE_RATE: '0.3',
  INVENTORY_FAILURE_RATE: '0.2',
  // The broker has generated definitions.
  TOPOLOGY: 'assume',
}
/** Where things are is compose.yaml's own business; so is what its health check and grace period rely on. */
const fixed =
  /^(PORT|HTTP_HOST|OPS_HOST|OPS_PORT|SHUTDOWN_TIMEOUT_MS|RABBITMQ_(URL|PASSWORD|MANAGEMENT_URL)|[A-Z]+_OPS_URL|OPERATOR_TOKENS|([A-Z]+_)*DB_(URL|HOST|PORT|NAME|USER|PASSWORD|CA_FILE))$/

describe('the system under docker compose', () => {
  const project = new ComposeProject(`order-saga-test-${process.pid}`)
  const shop = async (): Promise<Shop> => new Shop(await project.url('order-service', 3000))

  before(async function () {
    this.timeout(20 * 60_000)
    project.removeWhenInterrupted()
    try {
      await project.up()
    } catch (error) {
      console.error(await project.describe())
      throw error
    }
  })

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') console.error(await project.describe())
  })

  after(async () => project.remove())

  async function containersOf(service: string): Promise<string[]> {
    return (await project.containers()).get(service) ?? []
  }

  /** The services whose containers `up` with these settings made anew. */
  async function changedBy(environment: Record<string, string>): Promise<string[]> {
    const earlier = await project.containers()
    await project.up(environment)
    const now = await project.containers()
    const changed = [...now.keys()].filter((service) => now.get(service)?.join() !== earlier.get(service)?.join())
    return changed.filter((service) => !service.startsWith('db-migrator-')).toSorted()
  }

  it('passes every setting, with the default of the process or of the specification', async () => {
    const environments = await project.environments()
    for (const [name, known] of Object.entries(settings)) {
      const environment = environments[name] ?? {}
      for (const { env, default: usual } of Object.values<Setting<unknown>>(known)) {
        if (fixed.test(env)) continue
        assert.ok(env in environment, `${name} is not given ${env}`)
        const expected = specified[env] ?? String(usual)
        assert.equal(environment[env] ?? String(usual), expected, `${env} of ${name}`)
      }
    }
  })

  for (const name of stores) {
    it(`has migrated ${name}_db`, async () => {
      assert.match(await project.logs(`db-migrator-${name}`), /^\[migrate\] done$/m)
    })
  }

  it('takes the order of the README and completes its saga', async () => {
    const api = await shop()
    const accepted = await api.order(orderOfReadme)
    const { orderId, sagaId } = accepted
    assert.deepEqual(accepted, { status: 'accepted', orderId, sagaId, message: 'Order created, saga started' })
    const saga = await api.finished(sagaId)
    assert.equal(saga.status, 'completed')
    assert.deepEqual(eventsOf(saga), ['order.created', 'payment.completed', 'inventory.reserved', 'order.confirmed'])
  })

  it('notifies the customer', async () => {
    const api = await shop()
    const { orderId, sagaId } = await api.order(shortOrderOfReadme)
    assert.equal((await api.finished(sagaId)).status, 'completed')
    await waitUntil(async () => (await project.logs('notification-service')).includes(orderId), {
      what: `the mail about order ${orderId} in the log`,
      limitMs: 10_000,
      intervalMs: 250,
    })
  })

  it('has the exchanges, queues, bindings and rights of the definitions, and no others', async () => {
    const environments = await project.environments()
    const env = environments['broker-definitions'] as NodeJS.ProcessEnv
    const expected = brokerDefinitions(loadBrokerDefinitionsConfig(env))
    const actual = await definitionsOf(project)
    for (const part of ['exchanges', 'queues', 'bindings', 'permissions', 'topic_permissions'] as const) {
      assert.deepEqual(comparable(actual[part]), comparable(expected[part]), part)
    }
    assert.deepEqual(comparable(actual.users.map(nameAndTags)), comparable(expected.users.map(nameAndTags)))
  })

  it('connects each process to the broker as its own user', async () => {
    const connected = async (): Promise<string[]> => [...new Set(await brokerUsers(project))].toSorted()
    const expected = [...services, 'operations'].toSorted()
    await waitUntil(async () => (await connected()).join() === expected.join(), {
      what: `connections of ${expected.join(', ')} alone`,
      limitMs: 30_000,
      intervalMs: 500,
    })
  })

  it('limits the size of messages', async () => {
    const limit = await project.rabbitmqctl('eval', 'application:get_env(rabbit, max_message_size).')
    assert.equal(limit, `{ok,${maxMessageBytes}}`)
  })

  it('admits guest to the broker, and binds ports to 127.0.0.1 only', async () => {
    const management = await project.url('rabbitmq', 15672)
    const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
    const answer = await fetch(`${management}/api/queues/%2F/payment_queue`, { headers: { authorization } })
    assert.equal(answer.status, 200)
    const stock = await project.url('inventory-service', 3001)
    const put = await fetch(`${stock}/stock/SKU-2`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"available": 7}',
    })
    assert.ok(put.ok, `PUT /stock/SKU-2 was answered with ${put.status}`)
    const others = [await project.url('order-service', 3000), await project.url('console', 3002)]
    for (const url of [management, stock, ...others]) assert.equal(new URL(url).hostname, '127.0.0.1')
  })

  it('serves the console, read-only, with the saga of an order', async () => {
    const url = `${await project.url('console', 3002)}/console`
    const { sagaId } = await (await shop()).order()
    const page = await fetch(url)
    assert.equal(page.status, 200)
    assert.match(await page.text(), /<!doctype html>/i)
    for (const file of ['style.css', 'icon.svg', 'app.js']) assert.equal((await fetch(`${url}/${file}`)).status, 200)
    assert.equal((await fetch(`${url}/sagas/${sagaId}`)).status, 401)
    const authorization = 'Bearer order-saga-operator'
    const saga = await fetch(`${url}/sagas/${sagaId}`, { headers: { authorization } })
    assert.equal(saga.status, 200, await saga.text())
    const headers = { authorization, 'content-type': 'application/json' }
    const body = JSON.stringify({ deadLetters: [{ service: 'order', id: sagaId }], reason: 'test' })
    assert.equal((await fetch(`${url}/dead-letters/discard`, { method: 'POST', headers, body })).status, 403)
  })

  for (const [name, image] of images) {
    it(`runs ${name} confined: Node is process 1, without root, on a file system it cannot write to`, async () => {
      const [container = ''] = await containersOf(name)
      const { Config, HostConfig } = await project.inspect(container)
      assert.match(Config.User, /^[1-9]\d*(:[1-9]\d*)?$/)
      assert.equal(HostConfig.ReadonlyRootfs, true)
      assert.match(await project.exec(container, 'cat', '/proc/1/cmdline'), /^node\0/)
      assert.match(await project.exec(container, 'cat', '/proc/1/status'), /^Uid:\t[1-9]\d*\t/m)
      await assert.rejects(project.exec(container, 'touch', '/app/file'), /Read-only file system/)
    })

    it(`contains in the image of ${image} only the files needed to run`, async () => {
      const tools = ['typescript', 'mocha', 'tsx', 'prettier', 'oxlint', '@types/mocha']
      const unwanted = [...tools.map((tool) => `node_modules/${tool}`), '/root/.npm', '/home/node/.npm', '/tmp/*']
      const found = await project.runInImage(
        image,
        `ls -d ${unwanted.join(' ')} 2>/dev/null
         find . \\( -name node_modules -o -path ./services/operations/src/console/page \\) -prune -o \\
           -type f ! -name '*.js' ! -name package.json ! -path ./migrations/access.json -print
         npm ls --omit=dev >/tmp/tree || cat /tmp/tree`,
      )
      assert.equal(found, '')
    })
  }

  it('cancels orders for payment_failed with PAYMENT_FAILURE_RATE=1.0', async () => {
    assert.deepEqual(await changedBy({ PAYMENT_FAILURE_RATE: '1.0' }), ['payment-service'])
    const api = await shop()
    const saga = await api.finished((await api.order()).sagaId)
    assert.deepEqual([saga.status, saga.reason], ['cancelled', 'payment_failed'])
    assert.deepEqual(eventsOf(saga), ['order.created', 'payment.failed', 'order.cancelled'])
  })

  it('refunds and cancels orders for compensation with INVENTORY_FAILURE_RATE=1.0', async () => {
    const changed = await changedBy({ INVENTORY_FAILURE_RATE: '1.0' })
    assert.deepEqual(changed, ['inventory-service', 'payment-service'])
    const api = await shop()
    const { orderId, sagaId } = await api.order()
    const saga = await api.finished(sagaId)
    assert.deepEqual([saga.status, saga.reason, saga.compensation], ['cancelled', 'compensation', 'refunded'])
    assert.deepEqual(eventsOf(saga), [
      'order.created',
      'payment.completed',
      'inventory.failed',
      'payment.refund.requested',
      'payment.refunded',
      'order.cancelled',
    ])
    assert.deepEqual(await paymentOf(orderId), ['refunded, charged'])
  })

  it('cancels open orders at the deadline while payment is stopped, and never charges them', async () => {
    const soon = { SAGA_TIMEOUT_MS: '3000', TIMEOUT_CHECK_INTERVAL_MS: '200' }
    assert.deepEqual(await changedBy(soon), ['inventory-service', 'order-service'])
    await project.stop('payment-service')
    const api = await shop()
    const { orderId, sagaId } = await api.order()
    const saga = await api.finished(sagaId)
    assert.deepEqual([saga.status, saga.reason], ['timeout_cancelled', 'timeout'])
    assert.deepEqual(await paymentOf(orderId), [])

    await project.start('payment-service')
    const payment = await waitUntil(async () => (await paymentOf(orderId))[0], {
      what: 'the payment service to see the order it had missed',
      limitMs: 30_000,
    })
    assert.equal(payment, 'cancelled, never charged')
  })

  it('runs with another password of a broker user, which may have any characters, on the same volume', async () => {
    const changed = await changedBy({ PAYMENT_RABBITMQ_PASSWORD: 'p@ss/w:r%d"$x\\' })
    // Order is back at its defaults.
    assert.deepEqual(changed, ['broker-definitions', 'order-service', 'payment-service'])
    const api = await shop()
    assert.equal((await api.finished((await api.order()).sagaId, 60_000)).status, 'completed')
  })

  it('runs with one user for all processes, and TOPOLOGY=declare', async () => {
    await project.up({ RABBITMQ_URL: 'amqp://guest:guest@rabbitmq:5672', TOPOLOGY: 'declare' })
    const api = await shop()
    assert.equal((await api.finished((await api.order()).sagaId, 60_000)).status, 'completed')
    assert.deepEqual([...new Set(await brokerUsers(project))], ['guest'])
    for (const name of services)
      assert.match(await project.logs(`${name}-service`), /"level":40.*TOPOLOGY=declare/, name)
  })

  it('completes every order while one of three payment containers is killed', async () => {
    await project.up({ PAYMENT_PROCESSING_MS: '200' }, '--scale', 'payment-service=3')
    const payments = await containersOf('payment-service')
    assert.equal(payments.length, 3)
    const [victim = '', ...survivors] = payments
    const api = await shop()

    const sagaIds: string[] = []
    const kill = new AbortController()
    const stream = async (): Promise<void> => {
      while (sagaIds.length < 400 && !kill.signal.aborted) sagaIds.push((await api.order()).sagaId)
    }
    const streams = [stream(), stream()]
    await waitUntil(async () => (await chargesBy(victim)) > 0, {
      what: 'the first charge of a container',
      limitMs: 30_000,
    })
    await project.kill(victim)
    kill.abort()
    await Promise.all(streams)
    for (let more = 0; more < 20; more++) sagaIds.push((await api.order()).sagaId)

    for (const sagaId of sagaIds) assert.equal((await api.finished(sagaId, 60_000)).status, 'completed')
    for (const survivor of survivors) assert.ok((await chargesBy(survivor)) > 0, 'a container got no orders')
  })

  it('has no violations, by the audit of its databases and queues', async () => {
    assert.match(await project.runOnce('audit'), /^clean: /m)
  })

  it('lets every service finish and exit by itself when it is stopped', async () => {
    const api = await shop()
    await Promise.all(Array.from({ length: 10 }, () => api.order()))
    // Includes the killed container, which is skipped.
    const running: string[] = []
    for (const name of services) {
      for (const id of await containersOf(`${name}-service`)) {
        if ((await project.inspect(id)).State.Running) running.push(id)
      }
    }
    assert.equal(running.length, 5)
    const start = performance.now()
    await project.stop(...services.map((name) => `${name}-service`))
    assert.ok(performance.now() - start < graceMs, 'a service used up its grace')
    for (const id of running) assert.equal((await project.inspect(id)).State.ExitCode, 0)
  })

  async function paymentOf(orderId: string): Promise<string[]> {
    return await project.query(
      'payment',
      `select status || case when charge_id is null then ', never charged' else ', charged' end
       from payment_transactions where order_id = '${orderId}'`,
    )
  }

  async function chargesBy(container: string): Promise<number> {
    const script = "fetch('http://127.0.0.1:9464/metrics').then(async (answer) => console.log(await answer.text()))"
    const metrics = await project.exec(container, 'node', '--eval', script)
    return Number(/^payments_total\{result="charged"\} (\d+)$/m.exec(metrics)?.[1] ?? 0)
  }
})
