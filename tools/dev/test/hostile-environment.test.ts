// needs: own-servers
// slow: starts servers in an environment that they must ignore
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Client } from 'pg'
import { PortInUse } from '../src/free-port.ts'
import { startPostgres } from '../src/postgres.ts'
import { startRabbitMq } from '../src/rabbitmq.ts'
import { acceptsConnections } from '../src/rabbitmq-server.ts'
import { RunFolder } from '../src/run-folder.ts'

/** Variables that programs of PostgreSQL, Erlang, RabbitMQ and the C library read. */
const hostile: NodeJS.ProcessEnv = {
  ERL_FLAGS: '-name x@y',
  ERL_AFLAGS: '-name a@b',
  ERL_ZFLAGS: '-sname z',
  ERL_LIBS: '/nowhere',
  RABBITMQ_NODENAME: 'foo@bar',
  RABBITMQ_CONFIG_FILE: '/nowhere',
  RABBITMQ_NODE_PORT: '1',
  RABBITMQ_MNESIA_BASE: '/nowhere',
  RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-nowhere',
  PGDATA: '/nowhere',
  PGPORT: '1',
  LANG: 'tr_TR.UTF-8',
  LC_ALL: 'xx_XX',
  TZ: 'Asia/Tokyo',
  TMPDIR: '/nowhere',
}

describe('a private server', function () {
  this.timeout(60_000)
  const kept = { ...process.env }
  let folder: string

  before(async () => {
    folder = await mkdtemp('/tmp/order-saga-test-')
  })

  after(async () => await rm(folder, { recursive: true }))

  afterEach(() => {
    for (const name of Object.keys(hostile)) delete process.env[name]
    Object.assign(process.env, kept)
  })

  function setHostile(): void {
    Object.assign(process.env, hostile)
    delete process.env['HOME']
  }

  it('of RabbitMQ starts with any environment, and reports at once that its port is taken', async () => {
    setHostile()
    const rabbitMq = await startRabbitMq()
    try {
      assert.ok(await acceptsConnections(rabbitMq.url))
      assert.match(await rabbitMq.ctl('eval', 'node().'), /order-saga-\d+@localhost/)
      await rabbitMq.kill()
      const other = createServer((socket) => socket.destroy()).listen(rabbitMq.port, '127.0.0.1')
      await once(other, 'listening')
      const from = performance.now()
      await assert.rejects(rabbitMq.restart(), PortInUse)
      assert.ok(performance.now() - from < 30_000)
      other.close()
    } finally {
      await rabbitMq.stop()
    }
  })

  it('of PostgreSQL starts with any environment, and reports at once that its port is taken', async () => {
    setHostile()
    const postgres = await startPostgres()
    try {
      const client = new Client({ connectionString: postgres.url() })
      await client.connect()
      const { rows } = await client.query<{ TimeZone: string }>('SHOW TimeZone')
      assert.match(String(rows[0]?.TimeZone), /UTC/)
      await client.end()
      await postgres.kill()
      const other = createServer((socket) => socket.destroy()).listen(postgres.port, '127.0.0.1')
      await once(other, 'listening')
      await assert.rejects(postgres.restart(), PortInUse)
      other.close()
    } finally {
      await postgres.stop()
    }
  })

  for (const [what, name] of [
    ['an apostrophe', "it's"],
    ['a space', 'a b'],
    ['a letter beyond ASCII', 'zoë'],
    ['a long name', 'x'.repeat(120)],
  ] as const) {
    it(`keeps its files in /tmp where TMPDIR has ${what}`, async () => {
      process.env['TMPDIR'] = join(folder, name)
      await mkdir(process.env['TMPDIR'])
      const run = await RunFolder.create('test')
      assert.match(run.path, /^\/tmp\/order-saga-test-\w+$/)
      await run.remove()
    })
  }

  it('keeps its files in /tmp where TMPDIR is missing or a file, and in TMPDIR otherwise', async () => {
    for (const [tmpdir, parent] of [
      ['/nowhere', '/tmp'],
      ['/dev/null', '/tmp'],
      [folder, folder],
    ] as const) {
      process.env['TMPDIR'] = tmpdir
      const run = await RunFolder.create('test')
      assert.equal(join(run.path, '..'), parent)
      await run.remove()
    }
  })
})
