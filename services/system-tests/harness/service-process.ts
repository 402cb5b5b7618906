import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ServiceName } from '@order-saga/contracts'
import { waitUntil } from '@order-saga/local'

const services = fileURLToPath(new URL('../../', import.meta.url))
const readyLimitMs = 60_000
const stopLimitMs = 30_000
/** Log lines kept for the print-out of a failure. */
const keptLines = 400

/** One service as its own process, compiled as it is shipped, on the same ports through every restart. */
export class ServiceProcess {
  readonly name: ServiceName
  readonly opsUrl: string
  readonly log: string[] = []
  readonly #env: NodeJS.ProcessEnv
  #child: ChildProcess | undefined

  constructor(name: ServiceName, env: NodeJS.ProcessEnv, opsPort: number) {
    this.name = name
    this.#env = env
    this.opsUrl = `http://127.0.0.1:${opsPort}`
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} does not run`)
    return this.#child.pid
  }

  /** Starts the process; `more` overrides settings from now on. */
  start(more: NodeJS.ProcessEnv = {}): void {
    const main = `${services}${this.name}/dist/main.js`
    if (!existsSync(main)) throw new Error(`${main} is missing: run npm run build first.`)
    Object.assign(this.#env, more)
    const child = spawn(process.execPath, [main], { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text: string) => {
        this.log.push(...text.split('\n').filter((line) => line !== ''))
        this.log.splice(0, this.log.length - keptLines)
      })
    }
    this.#child = child
  }

  async ready(): Promise<void> {
    await waitUntil(async () => (await fetch(`${this.opsUrl}/readyz`)).ok, {
      what: `${this.name} to be ready`,
      limitMs: readyLimitMs,
      state: () => this.log.slice(-5).join('\n'),
    })
  }

  /** SIGKILL, and waits until it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM; the exit code, null if it had to be killed. */
  async stop(): Promise<number | null> {
    return await this.#end('SIGTERM')
  }

  async restart(more: NodeJS.ProcessEnv = {}): Promise<void> {
    await this.#end('SIGTERM')
    this.start(more)
    await this.ready()
  }

  pause(): void {
    process.kill(this.pid, 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  /** The value of a metric, with the sum over all label sets that contain `labels`. */
  async metric(name: string, labels = ''): Promise<number> {
    const text = await (await fetch(`${this.opsUrl}/metrics`)).text()
    return text
      .split('\n')
      .filter((line) => new RegExp(`^${name}[{ ]`).test(line) && line.includes(labels))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const exited = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill(signal)
    const limit = setTimeout(() => child.kill('SIGKILL'), stopLimitMs)
    await exited
    clearTimeout(limit)
    return child.exitCode
  }
}
