// needs: own-servers
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  brokerUrl,
  commonSettings,
  connectBroker,
  createLog,
  Database,
  declareTopology,
  loadConfig,
  migrate,
  statement,
} from '@order-saga/chassis'
import { findRabbitMq, type PostgresServer, type RabbitMqServer, startPostgres, waitUntil } from '@order-saga/dev'
import { serviceQueues, topologyOf } from '@order-saga/contracts'
import { assertBuilt } from '@order-saga/tests/support/built'
import { Client } from 'pg'
import { freePort } from '../../../tools/dev/src/free-port.ts'
import { runAudit } from '../src/audit-command.ts'
import { runSaga } from '../src/index.ts'
import { storeNames } from '../src/inspect/stores.ts'

/** Every character that a URL, a shell, a template or a JSON text treats specially. */
const password = `p@ss/w#rd%1:x ?&=+[]{}'"\\$(HOME)\``
const user = `o'brien@shop/50%:#`
const vhost = 'order saga/#1'
const parts = /p@ss|w#rd|%1:x|\$\(HOME\)/

describe('credentials with reserved characters', function () {
  this.timeout(180_000)
  let postgres: PostgresServer
  let broker: RabbitMqServer
  let environment: NodeJS.ProcessEnv
  let child: ChildProcess | undefined

  before(async () => {
    await assertBuilt(['operations'])
    ;[postgres, broker] = await Promise.all([
      startPostgres({ durable: false }),
      findRabbitMq().then((start) => start()),
    ])
    const admin = new Client({ connectionString: postgres.url() })
    await admin.connect()
    await admin.query(`CREATE ROLE ${admin.escapeIdentifier(user)} LOGIN PASSWORD ${admin.escapeLiteral(password)}`)
    const databases: NodeJS.ProcessEnv = {}
    for (const store of storeNames) {
      const name = `${store} db/#1`
      await admin.query(`CREATE DATABASE ${admin.escapeIdentifier(name)} OWNER ${admin.escapeIdentifier(user)}`)
      await migrate(
        { host: '127.0.0.1', port: postgres.port, name, user, password, caFile: '' },
        store,
        () => undefined,
      )
      const env = `${store.toUpperCase()}_DB`
      Object.assign(databases, {
        [`${env}_HOST`]: '127.0.0.1',
        [`${env}_PORT`]: String(postgres.port),
        [`${env}_NAME`]: name,
        [`${env}_USER`]: user,
        [`${env}_PASSWORD`]: password,
      })
    }
    await admin.end()
    await broker.ctl('add_vhost', vhost)
    await broker.ctl('add_user', user, password)
    await broker.ctl('set_permissions', '--vhost', vhost, user, '.*', '.*', '.*')
    const [asUser, path] = [encodeURIComponent(user), encodeURIComponent(vhost)]
    environment = {
      ...databases,
      RABBITMQ_URL: `amqp://${asUser}@127.0.0.1:${broker.port}/${path}`,
      RABBITMQ_PASSWORD: password,
      AUDIT_SETTLE_MS: '1',
    }
    const config = loadConfig(commonSettings, environment)
    const model = await connectBroker(brokerUrl(config), { name: 'test', timeoutMs: 10_000 })
    const channel = await model.createChannel()
    await declareTopology(channel, topologyOf({ ...config, queues: serviceQueues(config) }))
    await model.close()
  })
  after(() => Promise.all([postgres?.stop(), broker?.stop()]))
  afterEach(async () => {
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })

  async function audited(more: NodeJS.ProcessEnv = {}): Promise<{ code: number; said: string }> {
    let said = ''
    const print = (text: string): void => void (said += `${text}\n`)
    const code = await runAudit([], { ...environment, ...more }, { out: print, error: print })
    return { code, said }
  }

  async function saga(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<{ code: number; said: string }> {
    let said = ''
    const print = (text: string): void => void (said += `${text}\n`)
    const code = await runSaga(
      args,
      { ...environment, ...more },
      {
        out: print,
        error: print,
        now: () => new Date(),
        signal: new AbortController().signal,
      },
    )
    return { code, said }
  }

  it('let the services connect to their databases', async () => {
    const address = { host: '127.0.0.1', port: postgres.port, name: 'order db/#1', user, password, caFile: '' }
    const log = createLog('test', 'error')
    const database = new Database({ ...address, poolMax: 1, applicationName: 'test', log })
    try {
      const [row] = await database.query<{ name: string }>(statement('who', 'SELECT current_user AS name'))
      assert.equal(row?.name, user)
    } finally {
      await database.close()
    }
  })

  it('let the audit read databases and queues', async () => {
    const { code, said } = await audited()
    assert.equal(code, 0, said)
    assert.match(said, /^clean: 0 orders/m)
  })

  it('let the saga command read databases and queues', async () => {
    for (const args of [['list'], ['dead-letters', 'list']]) {
      const { code, said } = await saga(args)
      assert.equal(code, 0, said)
    }
  })

  it('let the audit exporter run, which logs no part of them', async () => {
    const port = await freePort()
    const program = fileURLToPath(new URL('../dist/audit-exporter-main.js', import.meta.url))
    const env = { ...environment, PATH: process.env['PATH'], OPS_PORT: String(port), AUDIT_INTERVAL_MS: '1000' }
    child = spawn(process.execPath, [program], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    })
    const lines: string[] = []
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => lines.push(line))
    }
    await waitUntil(
      async () => {
        const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
          (answer) => answer.text(),
          () => '',
        )
        return /^saga_audit_runs_total\{result="clean"\} [1-9]/m.test(text)
      },
      { what: 'a clean audit', limitMs: 60_000, intervalMs: 100, state: () => lines.join('\n') },
    )
    assert.doesNotMatch(lines.join('\n'), parts)
  })

  it('are in no message when they are wrong', async () => {
    const wrong = `${password}!`
    const database = await audited({ PAYMENT_DB_PASSWORD: wrong })
    assert.equal(database.code, 2)
    assert.match(database.said, /the payment database: password authentication failed/)
    const queues = await audited({ RABBITMQ_PASSWORD: wrong })
    assert.equal(queues.code, 2)
    assert.match(queues.said, /the broker: /)
    const { code, said } = await saga(['list'], { ORDER_DB_PASSWORD: wrong })
    assert.equal(code, 3)
    assert.match(said, /; check ORDER_DB_HOST\.$/m)
    for (const text of [database.said, queues.said, said]) assert.doesNotMatch(text, parts)
  })

  it('are in no message when they are in a URL and not percent-encoded', async () => {
    for (const [variable, url] of [
      ['ORDER_DB_URL', `postgres://${user}:${password}@127.0.0.1/order_db`],
      ['RABBITMQ_URL', `amqp://order:${password}@127.0.0.1`],
    ] as const) {
      const { code, said } = await audited({ [variable]: url })
      assert.equal(code, 2)
      assert.match(
        said,
        new RegExp(`^${variable} must be a URL without a fragment: a # in a password is written %23\\.$`, 'm'),
      )
      assert.doesNotMatch(said, parts)
    }
  })

  it('may still be in a URL, which the settings beside it do not change', async () => {
    const encoded = [user, password].map(encodeURIComponent).join(':')
    const { code, said } = await audited({
      ORDER_DB_URL: `postgres://${encoded}@127.0.0.1:${postgres.port}/${encodeURIComponent('order db')}`,
      ORDER_DB_HOST: 'nowhere.invalid',
    })
    assert.equal(code, 2)
    assert.match(said, /the order database: database "order db" does not exist/)
  })
})
