// needs: database
import { deepEqual, equal, match } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { migrate } from '@order-saga/chassis'
import { type PostgresServer, testServers } from '@order-saga/dev'
import { assertBuilt } from '@order-saga/tests/support/built'

const main = fileURLToPath(new URL('../dist/wait-for-schema-main.js', import.meta.url))

interface Waiting {
  readonly process: ChildProcess
  readonly lines: string[]
  says(pattern: RegExp): Promise<void>
  exitCode(): Promise<number | null>
}

describe('wait-for-schema', () => {
  let postgres: PostgresServer
  const running: ChildProcess[] = []

  before(async () => {
    await assertBuilt(['order'])
    postgres = await testServers().postgres()
  })

  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL')
  })

  it('reports why it waits, and exits with 0 once the migrations ran', async () => {
    await postgres.createDatabase('waits_for_migrations')
    const waiting = wait('waits_for_migrations')
    await waiting.says(/no schema yet/)
    const { port, user, password } = postgres
    await migrate(
      { host: '127.0.0.1', port, name: 'waits_for_migrations', user, password, caFile: '' },
      'order',
      () => undefined,
    )
    equal(await waiting.exitCode(), 0)
    match(waiting.lines.at(-1) ?? '', /the schema fits$/)
  })

  it('waits for an unavailable server', async () => {
    const waiting = wait('order_db', { DB_PORT: '1' })
    await waiting.says(/ECONNREFUSED|not available|unavailable/)
    equal(waiting.process.exitCode, null)
  })

  it('exits with 1 on SIGTERM before the schema is current', async () => {
    await postgres.createDatabase('waits_in_vain')
    const waiting = wait('waits_in_vain')
    await waiting.says(/no schema yet/)
    waiting.process.kill('SIGTERM')
    equal(await waiting.exitCode(), 1)
    deepEqual(
      waiting.lines.filter((line) => line.includes('fits')),
      [],
    )
  })

  function wait(database: string, env: NodeJS.ProcessEnv = {}): Waiting {
    const { port, user, password } = postgres
    const child = spawn(process.execPath, [main], {
      env: {
        PATH: process.env['PATH'],
        DB_HOST: '127.0.0.1',
        DB_PORT: String(port),
        DB_NAME: database,
        DB_USER: user,
        DB_PASSWORD: password,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.push(child)
    const ended = once(child, 'exit') as Promise<[number | null]>
    const lines: string[] = []
    child.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trimEnd().split('\n')))
    return {
      process: child,
      lines,
      async says(pattern) {
        while (!lines.some((line) => pattern.test(line))) await once(child.stdout, 'data')
      },
      async exitCode() {
        return (await ended)[0]
      },
    }
  }
})
