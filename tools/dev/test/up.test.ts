// needs: database, broker
// slow: the life cycle of make up
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { isRunning } from '../src/process-tree.ts'
import { addressReport, processReport } from '../src/run-report.ts'
import { processNames } from '../src/service-plan.ts'
import { testServers } from '../src/test-servers.ts'
import { waitUntil } from '../src/wait-until.ts'
import { nothingLeft, FakeServices } from './fake-services.ts'
import type { UpRun } from './fake-services.ts'

describe('make up on servers that run already', function () {
  // Each starts several processes, on a machine that may be busy with others.
  this.timeout(60_000)

  let fakes: FakeServices
  const runs: UpRun[] = []

  async function start(env: NodeJS.ProcessEnv = {}): Promise<UpRun> {
    const run = await fakes.run(env)
    runs.push(run)
    return run
  }

  async function started(env: NodeJS.ProcessEnv = {}): Promise<{ run: UpRun; pids: number[] }> {
    const run = await start(env)
    await run.saying(/Everything runs/)
    const pids = (await run.state)?.processes.map(({ pid }) => pid!) ?? []
    return { run, pids }
  }

  beforeEach(async () => {
    const [postgres, rabbitMq] = await Promise.all([testServers().postgres(), testServers().rabbitMq()])
    fakes = await FakeServices.create({
      DB_HOST: '127.0.0.1',
      DB_PORT: String(postgres.port),
      DB_USER: postgres.user,
      DB_PASSWORD: postgres.password,
      RABBITMQ_URL: rabbitMq.url,
    })
  })

  afterEach(async () => {
    await Promise.all(runs.splice(0).map((run) => run.end()))
    try {
      await nothingLeft(fakes, [])
    } finally {
      await fakes.remove()
    }
  })

  it('starts the four services and the console, prints their URLs, and stops them on request', async () => {
    const { run, pids } = await started()
    assert.match(run.output, /order_db +\[migrate\] done/)
    assert.match(run.output, new RegExp(`curl -X POST http://127.0.0.1:${fakes.env['PORT']}/orders`))
    assert.match(
      run.output,
      new RegExp(`console http://127.0.0.1:${fakes.env['CONSOLE_PORT']}/console#token=[\\w-]{24}\n`),
    )
    assert.match(run.output, /payment +warn a warning queue=q/)
    assert.doesNotMatch(run.output, /info started/)
    const notes = (await fakes.notes()).filter((note) => note.includes('started'))
    assert.equal(notes.length, 5)
    assert.ok(notes.some((note) => note.endsWith(`${fakes.env['PORT']} order_db`)))
    assert.ok(notes.some((note) => note.endsWith(`${fakes.env['INVENTORY_PORT']} inventory_db`)))
    const consoleDatabases = 'order_db,payment_db,inventory_db'
    assert.ok(notes.some((note) => note.endsWith(`${fakes.env['CONSOLE_PORT']} ${consoleDatabases}`)))
    run.signal('SIGINT')
    assert.equal(await run.exitCode, 0)
    assert.match(run.output, /Stopping\nStopped\n$/)
    await nothingLeft(fakes, pids)
    const ends = (await fakes.notes()).filter((note) => !note.includes('started'))
    assert.deepEqual(
      ends.toSorted(),
      processNames.map((name) => `${name} stopped while its servers were up`).toSorted(),
    )
  })

  it('starts the console as configured: with a token of the user, read-only, or not at all', async () => {
    for (const [env, url] of [
      [{ OPERATOR_TOKEN: 'my+own/token-of-16' }, /\/console#token=my%2Bown%2Ftoken-of-16\n/],
      [{ CONSOLE: 'read-only' }, /\/console#token=[\w-]{24}\n/],
      [{ OPERATOR_TOKENS: `ann:sha256:${'0'.repeat(64)}` }, /\/console\n/],
    ] as const) {
      const { run } = await started(env)
      assert.match(run.output, url)
      await run.end()
    }
    const { run } = await started({ CONSOLE: 'off' })
    assert.doesNotMatch(run.output, /\/console/)
    assert.doesNotMatch((await addressReport(fakes.localFolder)).lines.join(), /CONSOLE/)
    assert.doesNotMatch((await processReport(fakes.localFolder)).lines.join(), /console/)
  })

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    it(`stops everything on ${signal}`, async () => {
      const { run, pids } = await started()
      run.process.kill(signal)
      assert.equal(await run.exitCode, 0)
      await nothingLeft(fakes, pids)
    })
  }

  it('shows all lines of the services when LOG_LEVEL is set', async () => {
    const { run } = await started({ LOG_LEVEL: 'info' })
    await run.saying(/order +info started/)
  })

  it('starts a killed service again, with its port', async () => {
    const { run } = await started()
    const before = await run.pidOf('order')
    process.kill(before, 'SIGKILL')
    await run.saying(/order ended \(signal SIGKILL\); starting it again in 0.5 s/)
    const [, after] = await run.saying(/order runs again, pid (\d+)/)
    assert.notEqual(Number(after), before)
    assert.equal(await run.pidOf('order'), Number(after))
    await waitUntil(async () => (await fakes.notes()).filter((note) => note.startsWith('order started')).length === 2, {
      what: 'the order service to listen again',
      limitMs: 10_000,
    })
    const ports = (await fakes.notes()).filter((note) => note.startsWith('order')).map((note) => note.split(' ')[3])
    assert.deepEqual(ports, [fakes.env['PORT'], fakes.env['PORT']])
  })

  it('prints addresses as shell assignments, and one line per process', async () => {
    assert.deepEqual(await addressReport(fakes.localFolder), {
      lines: [],
      message: 'Nothing runs: start it with make up.',
      exitCode: 1,
    })
    assert.equal((await processReport(fakes.localFolder)).exitCode, 1)
    const { run } = await started()
    const { lines, exitCode } = await addressReport(fakes.localFolder)
    assert.equal(exitCode, 0)
    const names = ['ORDER', 'PAYMENT', 'INVENTORY', 'NOTIFICATION', 'CONSOLE'].map((name) => `${name}_OPS_URL`)
    names.push(...names.slice(0, 4).map((name) => name.replace('OPS', 'RABBITMQ')))
    names.push('ORDER_URL', 'INVENTORY_URL', 'CONSOLE_URL', 'OPERATOR_TOKENS', 'OPERATOR_TOKEN')
    names.push('ORDER_DB_URL', 'PAYMENT_DB_URL', 'INVENTORY_DB_URL', 'RABBITMQ_URL')
    names.push('ORDER_RUNTIME_DB_URL', 'PAYMENT_RUNTIME_DB_URL', 'INVENTORY_RUNTIME_DB_URL')
    assert.deepEqual(new Set(lines.map((line) => line.split('=')[0])), new Set(names))
    const addresses = lines.filter((line) => !line.startsWith('OPERATOR_'))
    for (const line of addresses) {
      assert.match(line, /^[A-Z_]+='(http|postgres|amqp):\/\/[^']*127\.0\.0\.1:\d+[^']*'$/)
    }
    process.kill(await run.pidOf('payment'), 'SIGSTOP')
    const status = (await processReport(fakes.localFolder)).lines
    process.kill(await run.pidOf('payment'), 'SIGCONT')
    for (const name of processNames) {
      const state = name === 'payment' ? 'not ready' : 'ready'
      assert.ok(
        status.includes(`${name.padEnd(12)} ${String(await run.pidOf(name)).padEnd(8)} ${state}`),
        status.join(),
      )
    }
  })

  it('refuses a second run in the same checkout without disturbing the first', async () => {
    const { run, pids } = await started()
    const second = await start()
    assert.equal(await second.exitCode, 1)
    assert.equal(
      second.output,
      `It already runs in this checkout, pid ${run.process.pid}: see make status, or stop it first.\n`,
    )
    assert.ok(pids.every(isRunning))
    assert.equal((await addressReport(fakes.localFolder)).exitCode, 0)
  })

  it('leaves nothing running when it is killed, and the next run starts', async () => {
    const { run, pids } = await started()
    run.process.kill('SIGKILL')
    assert.equal(await run.exitCode, null)
    assert.equal((await addressReport(fakes.localFolder)).exitCode, 1)
    await waitUntil(() => !pids.some(isRunning), { what: 'the services to be gone', limitMs: 10_000 })
    assert.equal((await fakes.notes()).filter((note) => note.includes('stopped')).length, 5)
    const next = await started()
    assert.ok(next.pids.every(isRunning))
    next.run.signal('SIGINT')
    assert.equal(await next.run.exitCode, 0)
  })

  it('stops when make is killed without a signal', async () => {
    const run = await fakes.runUnderMake()
    await run.saying(/Everything runs/)
    const { pid, processes } = (await run.state)!
    run.process.kill('SIGKILL')
    await nothingLeft(fakes, [pid, ...processes.map((process) => process.pid!)])
    assert.match(run.output, /Stopping\nStopped\n$/)
  })

  it('stops during its start', async () => {
    const run = await start({ FAKE_SERVICES: 'order:unready' })
    await run.saying(/payment +ready/)
    assert.match((await addressReport(fakes.localFolder)).message ?? '', /still starting/)
    const pids = (await fakes.notes()).map((note) => Number(note.split(' ')[2]))
    run.signal('SIGINT')
    assert.equal(await run.exitCode, 0)
    await nothingLeft(fakes, pids)
  })

  it('kills a service that does not stop, sooner on a second signal', async () => {
    const { run, pids } = await started({ FAKE_SERVICES: 'order:stubborn', SHUTDOWN_TIMEOUT_MS: '60000' })
    run.signal('SIGINT')
    await run.saying(/Stopping/)
    const order = await run.pidOf('order')
    await waitUntil(() => pids.filter(isRunning).length === 1, { what: 'the others to stop', limitMs: 10_000 })
    assert.ok(isRunning(order))
    const again = setInterval(() => run.signal('SIGINT'), 300)
    assert.equal(await run.exitCode, 0)
    clearInterval(again)
    await nothingLeft(fakes, pids)
  })

  it('fails with the last log lines of a service that does not start', async () => {
    const run = await start({ FAKE_SERVICES: 'inventory:fails' })
    assert.equal(await run.exitCode, 1)
    assert.match(run.output, /inventory did not start \(exit code 1\): fatal the schema is too old\n/)
    await nothingLeft(fakes, [])
  })

  it('fails before it starts anything when a port is in use', async () => {
    const server = createServer().listen(Number(fakes.env['PORT']))
    await once(server, 'listening')
    const run = await start()
    assert.equal(await run.exitCode, 1)
    server.close()
    assert.match(run.output, new RegExp(`^Port ${fakes.env['PORT']} is in use: set PORT to a free one.$`, 'm'))
    assert.doesNotMatch(run.output, /PostgreSQL|RabbitMQ/)
    await nothingLeft(fakes, [])
  })

  it('reports what to do about a broker that refuses the login', async () => {
    const run = await start({ RABBITMQ_URL: 'amqp://nobody:wrong@127.0.0.1:1/' })
    assert.equal(await run.exitCode, 1)
    assert.match(run.output, /The broker at 127.0.0.1:1 refuses: .*Correct RABBITMQ_URL, or unset it/)
  })
})
