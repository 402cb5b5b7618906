// needs: own-servers
// slow: the life cycle of two kinds of server
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { Client } from 'pg'
import { startPostgres } from '../src/postgres.ts'
import type { PostgresServer } from '../src/postgres.ts'
import { descendants, isRunning } from '../src/process-tree.ts'
import { waitUntil } from '../src/wait-until.ts'

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const result = await client.query<Record<string, unknown>>(text)
    return result.rows
  } finally {
    await client.end()
  }
}

for (const binaries of ['machine', 'embedded'] as const) {
  describe(`a private PostgreSQL from ${binaries === 'machine' ? "the machine's programs" : "npm's programs"}`, () => {
    let server: PostgresServer

    before(async function () {
      try {
        server = await startPostgres({ binaries })
      } catch (error) {
        if (binaries === 'machine' && String(error).includes('No PostgreSQL server')) this.skip()
        throw error
      }
    })

    after(async () => server?.stop())

    it('keeps its port and what was committed when it crashes', async () => {
      const url = await server.createDatabase('crash_db')
      await query(url, 'create table kept as select 42 as answer')
      const processes = [server.pid!, ...(await descendants(server.pid!))]
      await server.kill()
      assert.equal(server.pid, undefined)
      assert.deepEqual(processes.filter(isRunning), [])
      assert.equal(await server.exited, 'signal SIGKILL')
      await server.restart()
      assert.deepEqual(await query(url, 'select answer from kept'), [{ answer: 42 }])
    })

    it('does not respond while paused, and continues afterwards', async () => {
      const url = await server.createDatabase('pause_db')
      await server.pause()
      let answered = false
      const answer = query(url, 'select 1 as one').finally(() => {
        answered = true
      })
      await assert.rejects(waitUntil(() => answered, { what: 'an answer', limitMs: 300 }))
      await server.resume()
      assert.deepEqual(await answer, [{ one: 1 }])
    })

    it('creates a database once for two concurrent calls', async () => {
      await Promise.all([server.createDatabase('twice_db'), server.createDatabase('twice_db')])
      assert.deepEqual(
        await query(server.url(), "select count(*)::int as n from pg_database where datname = 'twice_db'"),
        [{ n: 1 }],
      )
    })

    it('leaves no process and no folder when stopped', async () => {
      const processes = [server.pid!, ...(await descendants(server.pid!))]
      assert.ok(existsSync(server.folder))
      await server.stop()
      assert.deepEqual(processes.filter(isRunning), [])
      assert.ok(!existsSync(server.folder))
      await server.stop()
    })
  })
}
