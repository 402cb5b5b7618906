// First, because pg reads the environment while it is loaded.
// oxlint-disable-next-line import/no-unassigned-import
import './pg-environment.ts'
import { execFile } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { unprivilegedAccount } from './account.ts'
import { Child } from './child-process.ts'
import { createDatabase } from './create-database.ts'
import { programEnvironment } from './environment.ts'
import { installPostgres } from './postgres-installation.ts'
import type { InstallOptions, PostgresInstallation } from './postgres-installation.ts'
import { onFreePorts, startFailure } from './free-port.ts'
import { descendants, isRunning, signalIfAlive } from './process-tree.ts'
import { RunFolder } from './run-folder.ts'
import { waitUntil } from './wait-until.ts'

const run = promisify(execFile)

/** A PostgreSQL server of one's own. It ends with the process that started it, however that one ends. */
export interface PostgresServer {
  readonly port: number
  readonly user: string
  readonly password: string
  /** The postmaster's process id; undefined while it does not run. */
  readonly pid: number | undefined
  /** Resolves, never rejects, with how the postmaster started last ended: `signal SIGKILL`, `exit code 0`. */
  readonly exited: Promise<string>
  /** Holds its data, and its log in `postgres/log`. */
  readonly folder: string
  /** A superuser's URL. */
  url(database?: string): string
  /** Creates the database unless it exists, and returns a superuser's URL of it. */
  createDatabase(name: string): Promise<string>
  /** Crashes the server: SIGKILL for the postmaster and all its children. Committed data is back after `restart()`. */
  kill(): Promise<void>
  /** Freezes all its processes: connections stay open and nothing answers, until `resume()`. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Starts the server again, stopped, crashed or running, on the same port with the same data. */
  restart(signal?: AbortSignal): Promise<void>
  /** Stops the server and removes its folder. May be called in any state, and again. */
  stop(): Promise<void>
}

export interface PostgresOptions extends InstallOptions {
  /**
   * False: no fsync, so that commits do not wait for the disk. Committed data survives the end of the server, not
   * that of the machine. True by default.
   */
  durable?: boolean | undefined
  /** Of the machine's connections; 200 by default. */
  maxConnections?: number | undefined
}

class PrivatePostgres implements PostgresServer {
  readonly port: number
  readonly user = 'postgres'
  readonly password: string
  readonly #installation: PostgresInstallation
  #postmaster: Child | undefined

  readonly #options: PostgresOptions

  private constructor(installation: PostgresInstallation, options: PostgresOptions) {
    this.#installation = installation
    this.#options = options
    this.port = installation.port
    this.password = installation.password
  }

  static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    const account = await unprivilegedAccount()
    const folder = await RunFolder.create('postgres', account)
    try {
      const server = new PrivatePostgres(await installPostgres(folder, account, options), options)
      await server.#start(options.signal).catch(async (error: unknown) => {
        await server.#shutDown()
        throw error
      })
      return server
    } catch (error) {
      await folder.remove()
      throw error
    }
  }

  get pid(): number | undefined {
    return this.#postmaster?.running ? this.#postmaster.pid : undefined
  }

  get exited(): Promise<string> {
    return this.#postmaster!.exited
  }

  get folder(): string {
    return this.#installation.folder.path
  }

  get #log(): string {
    return join(this.folder, 'postgres', 'log')
  }

  get #data(): string {
    return join(this.folder, 'postgres', 'data')
  }

  url(database = 'postgres'): string {
    return `postgres://${this.user}:${this.password}@127.0.0.1:${this.port}/${encodeURIComponent(database)}`
  }

  async createDatabase(name: string): Promise<string> {
    await createDatabase(this.url(), name)
    return this.url(name)
  }

  async kill(): Promise<void> {
    const killed = await this.#signalAll('SIGKILL')
    await waitUntil(() => !killed.some(isRunning), { what: 'PostgreSQL to be gone', limitMs: 10_000, intervalMs: 5 })
    await this.#forget()
  }

  async pause(): Promise<void> {
    await this.#signalAll('SIGSTOP')
  }

  async resume(): Promise<void> {
    await this.#signalAll('SIGCONT')
  }

  async restart(signal?: AbortSignal): Promise<void> {
    await this.#shutDown()
    await this.#start(signal)
  }

  async stop(): Promise<void> {
    await this.#shutDown()
    await this.#removeSharedMemory()
    await this.#installation.folder.remove()
  }

  async #start(signal?: AbortSignal): Promise<void> {
    const { folder, programs, account, port } = this.#installation
    const settings = {
      port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      shared_buffers: '64MB',
      max_connections: this.#options.maxConnections ?? 200,
      jit: 'off',
      ...(this.#options.durable === false && { fsync: 'off', full_page_writes: 'off' }),
    }
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const log = await open(this.#log, 'a')
    try {
      this.#postmaster = await Child.start(join(programs, 'postgres'), ['-D', this.#data, ...args], {
        cwd: folder.path,
        env: programEnvironment(folder.path),
        stdio: ['ignore', log.fd, log.fd],
        uid: account?.uid,
        gid: account?.gid,
      })
    } finally {
      await log.close()
    }
    // SIGQUIT ends a server at once and cleanly: it gives back its shared memory, which SIGKILL does not.
    await folder.record(this.#postmaster.pid, 'QUIT')
    const what = 'PostgreSQL to accept connections'
    const outcome = await waitUntil(() => (this.pid ? this.#answers() : 'ended'), { what, limitMs: 60_000, signal })
    if (outcome === 'ended') {
      const lines = (await readFile(this.#log, 'utf8')).trim().split('\n')
      const last = lines.slice(-5).join(' / ')
      throw startFailure(`PostgreSQL did not start (${await this.exited}): ${last}`, last)
    }
  }

  async #answers(): Promise<'ready'> {
    const client = new Client({ connectionString: this.url(), connectionTimeoutMillis: 2000 })
    // A server that goes away again breaks the connection at a moment nobody awaits it.
    client.on('error', () => undefined)
    try {
      await client.connect()
      return 'ready'
    } finally {
      await client.end()
    }
  }

  async #shutDown(): Promise<void> {
    await this.resume()
    await this.#postmaster?.end('SIGINT', 10_000)
    await this.#forget()
  }

  async #forget(): Promise<void> {
    if (!this.#postmaster) return
    await this.#postmaster.exited
    await this.#installation.folder.forget(this.#postmaster.pid)
  }

  async #signalAll(signal: NodeJS.Signals): Promise<number[]> {
    const { pid } = this
    if (!pid) return []
    // Stopped first, the postmaster makes no child that the list would miss.
    signalIfAlive(pid, 'SIGSTOP')
    const all = [...(await descendants(pid)), pid]
    for (const one of all) signalIfAlive(one, signal)
    return all
  }

  // A crash leaves the lock file, and the small segment that marks the data folder as in use.
  async #removeSharedMemory(): Promise<void> {
    const lock = await readFile(join(this.#data, 'postmaster.pid'), 'utf8').catch(() => '')
    const segment = lock.split('\n')[6]?.trim().split(/\s+/)[1]
    if (segment) await run('ipcrm', ['-m', segment]).catch(() => undefined)
  }
}

/**
 * Starts a private PostgreSQL on a free port of 127.0.0.1, with a temporary data folder. Rejects with one
 * sentence that says what to do when no server can be found or started; nothing is left behind then.
 */
export function startPostgres(options?: PostgresOptions): Promise<PostgresServer> {
  return onFreePorts(() => PrivatePostgres.start(options))
}
