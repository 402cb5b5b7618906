import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { descendants, type PostgresServer, waitUntil } from '@order-saga/dev'
import { Client } from 'pg'
import { type Account, unprivilegedAccount } from '../../tools/dev/src/account.ts'
import { Child } from '../../tools/dev/src/child-process.ts'
import { programEnvironment } from '../../tools/dev/src/environment.ts'
import { freePort } from '../../tools/dev/src/free-port.ts'
import { machinePostgres } from '../../tools/dev/src/postgres-binaries.ts'
import { signalIfAlive } from '../../tools/dev/src/process-tree.ts'

const run = promisify(execFile)

/**
 * A standby of a private server: the only synchronous one, so every commit waits for it. It lies in the server's folder and
 * ends with it, but is to be stopped before.
 */
export class Standby {
  readonly #admin: Client
  readonly #process: Child
  readonly #pidFile: string

  private constructor(admin: Client, process: Child, pidFile: string) {
    this.#admin = admin
    this.#process = process
    this.#pidFile = pidFile
  }

  /** Resolves when the server's commits wait for it. */
  static async of(primary: PostgresServer): Promise<Standby> {
    const admin = new Client({ connectionString: primary.url() })
    admin.on('error', () => undefined)
    await admin.connect()
    const account = await unprivilegedAccount()
    const data = join(primary.folder, 'postgres', 'standby')
    await copyData(admin, join(primary.folder, 'postgres', 'data'), data, account)
    const process = await start(primary, data, account)
    const pidFile = join(primary.folder, 'pids', String(process.pid))
    await writeFile(pidFile, 'QUIT')
    const standby = new Standby(admin, process, pidFile)
    await standby.#reaches('streaming', 'state')
    await admin.query(`ALTER SYSTEM SET synchronous_standby_names = 'standby'`)
    await admin.query('SELECT pg_reload_conf()')
    await standby.#reaches('sync', 'sync_state')
    return standby
  }

  /** Freezes it: connections stay open, and commits wait until `resume()`. */
  async pause(): Promise<void> {
    await this.#signalAll('SIGSTOP')
  }

  async resume(): Promise<void> {
    await this.#signalAll('SIGCONT')
  }

  /** Waits for a commit that waits for the standby. @returns its backend */
  async waiting(): Promise<number> {
    const pid = async (): Promise<number | undefined> => {
      const { rows } = await this.#admin.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND backend_type = 'client backend' LIMIT 1`,
      )
      return rows[0]?.pid
    }
    return await waitUntil(pid, { what: 'a commit that waits for the standby', limitMs: 5_000, intervalMs: 10 })
  }

  /** Cancels the wait of a commit: PostgreSQL then reports it as committed, with a WARNING. */
  async cancelWait(): Promise<void> {
    await this.#admin.query('SELECT pg_cancel_backend($1)', [await this.waiting()])
  }

  /** Commits wait no longer. */
  async stop(): Promise<void> {
    await this.#admin.query('ALTER SYSTEM RESET synchronous_standby_names')
    await this.#admin.query('SELECT pg_reload_conf()')
    await this.#admin.end()
    await this.resume()
    await this.#process.end('SIGINT', 10_000)
    await rm(this.#pidFile, { force: true })
  }

  async #reaches(state: string, column: 'state' | 'sync_state'): Promise<void> {
    const isReached = async (): Promise<boolean> => {
      const { rows } = await this.#admin.query<Record<string, string>>(`SELECT ${column} FROM pg_stat_replication`)
      return rows[0]?.[column] === state
    }
    await waitUntil(isReached, { what: `the standby to be ${state}`, limitMs: 30_000 })
  }

  async #signalAll(signal: NodeJS.Signals): Promise<void> {
    const { pid } = this.#process
    for (const one of [pid, ...(await descendants(pid))]) signalIfAlive(one, signal)
  }
}

/** A base backup without pg_basebackup, which the server from npm does not have. */
async function copyData(admin: Client, from: string, to: string, account: Account | undefined): Promise<void> {
  await admin.query(`SELECT pg_backup_start('standby', true)`)
  await run('cp', ['-Rp', from, to])
  const { rows } = await admin.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)')
  const files = { backup_label: rows[0]?.labelfile ?? '', 'standby.signal': '' }
  for (const [name, text] of Object.entries(files)) await writeFile(join(to, name), text)
  await Promise.all(['postmaster.pid', 'postmaster.opts'].map((name) => rm(join(to, name), { force: true })))
  if (account !== undefined) await run('chown', ['-R', `${account.uid}:${account.gid}`, to])
}

async function start(primary: PostgresServer, data: string, account: Account | undefined): Promise<Child> {
  const { port, user, password, folder } = primary
  const programs = (await machinePostgres(account)) ?? join(folder, 'native', 'bin')
  const settings = {
    port: await freePort(),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '16MB',
    max_connections: 200,
    fsync: 'off',
    primary_conninfo: `host=127.0.0.1 port=${port} user=${user} password=${password} application_name=standby`,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return await Child.start(join(programs, 'postgres'), ['-D', data, ...args], {
    cwd: folder,
    env: programEnvironment(folder),
    stdio: 'ignore',
    uid: account?.uid,
    gid: account?.gid,
  })
}
