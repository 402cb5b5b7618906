import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { waitUntil } from '@order-saga/dev'
import { Child } from '../../tools/dev/src/child-process.ts'
import { freePort } from '../../tools/dev/src/free-port.ts'
import { nodeArguments } from '../../tools/dev/src/node-arguments.ts'
import type { RunFolder } from '../../tools/dev/src/run-folder.ts'
import { type ProcessName, programOf } from './built.ts'
import { call } from './call.ts'

export type Environment = Readonly<Record<string, string | number>>

export interface Program {
  readonly file: string
  readonly nodeArguments: readonly string[]
}

export interface ServiceProcessOptions {
  readonly service: ProcessName
  /** The built program of this checkout unless given. */
  readonly program?: Program
  readonly env: Environment
  readonly opsPort: number
  /** Ends the process together with this one. */
  readonly folder: RunFolder
}

const linesKept = 3_000
const startLimitMs = 60_000
const stopLimitMs = 60_000

/** A service process that can be killed, frozen, stopped and restarted. */
export class ServiceProcess {
  readonly service: ProcessName
  /** The latest output lines, including those before restarts. */
  readonly log: string[] = []
  readonly #options: ServiceProcessOptions
  #env: Environment
  #program: Program | undefined
  #child: Child | undefined

  constructor(options: ServiceProcessOptions) {
    this.#options = options
    this.#env = options.env
    this.#program = options.program
    this.service = options.service
  }

  get running(): boolean {
    return this.#child?.running === true
  }

  /** Of its API; 0 when it has none. */
  get port(): number {
    return Number(this.#env['PORT'] ?? 0)
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.running ? this.#child?.pid : undefined
  }

  get opsUrl(): string {
    return `http://127.0.0.1:${this.#options.opsPort}`
  }

  /** Starts the process; `env` changes some of its settings, until changed again. */
  async start(env: Environment = {}): Promise<void> {
    const { service, folder } = this.#options
    const program = this.#program ?? { file: programOf(service), nodeArguments }
    this.#env = { ...this.#env, ...env }
    const settings = Object.entries(this.#env).map(([name, value]) => [name, String(value)])
    const child = await Child.start(process.execPath, [...program.nodeArguments, program.file], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'], ...Object.fromEntries(settings) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    for (const output of [child.stdout, child.stderr]) if (output) this.#read(output)
    await folder.record(child.pid, 'KILL')
  }

  /** The program that it runs from its next start on; the built one of this checkout if undefined. */
  use(program: Program | undefined): void {
    this.#program = program
  }

  /** Starts a second process like this one, with some settings of its own. */
  async replica(env: Environment, program = this.#program): Promise<ServiceProcess> {
    const opsPort = await freePort()
    const settings = { ...this.#env, ...env, OPS_PORT: opsPort }
    const replica = new ServiceProcess({ ...this.#options, opsPort, env: settings, ...(program && { program }) })
    await replica.start()
    return replica
  }

  /** Resolves when /readyz answers 200. */
  async ready(): Promise<void> {
    const outcome = await waitUntil(
      async () => (this.running ? (await call(`${this.opsUrl}/readyz`)).status === 200 && 'ready' : 'ended'),
      {
        what: `${this.service} to be ready`,
        limitMs: startLimitMs,
        intervalMs: 50,
        state: () => this.log.slice(-5).join('\n'),
      },
    )
    if (outcome === 'ended') throw new Error(`${this.service} ended at its start: ${this.log.slice(-3).join(' / ')}`)
  }

  /** Freezes the process (SIGSTOP). */
  pause(): void {
    this.#child?.signal('SIGSTOP')
  }

  resume(): void {
    this.#child?.signal('SIGCONT')
  }

  /** Crashes the process; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#child?.end('SIGKILL', stopLimitMs)
    await this.#forget()
  }

  /**
   * Sends SIGTERM and resolves when the process has ended.
   * @throws Error when it did not end by itself and in good order
   */
  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined || !child.running) return
    child.signal('SIGCONT')
    await child.end('SIGTERM', stopLimitMs)
    await this.#forget()
    const end = await child.exited
    if (end !== 'exit code 0') throw new Error(`${this.service} ended with ${end} on SIGTERM`)
  }

  async #forget(): Promise<void> {
    if (this.#child !== undefined) await this.#options.folder.forget(this.#child.pid)
  }

  #read(output: Readable): void {
    createInterface({ input: output }).on('line', (line) => {
      this.log.push(line)
      if (this.log.length > linesKept) this.log.shift()
    })
  }
}
