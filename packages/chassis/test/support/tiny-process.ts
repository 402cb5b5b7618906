import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { waitUntil } from '@order-saga/dev'

const program = fileURLToPath(new URL('tiny-service.js', import.meta.url))

/** A process of the tiny service: its lines, its ports, its end. */
export class TinyProcess {
  readonly lines: { level?: number; msg: string; [field: string]: unknown }[] = []
  readonly opsPort: number
  errors = ''
  readonly exited: Promise<{ code: number | null; afterMs: number }>
  readonly #child: ChildProcess

  constructor(environment: Record<string, string>, opsPort: number) {
    const started = performance.now()
    this.opsPort = opsPort
    const env = { PATH: process.env['PATH'], ...environment, OPS_PORT: String(opsPort) }
    this.#child = spawn(process.execPath, [program], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.lines.push(line.startsWith('{') ? (JSON.parse(line) as { msg: string }) : { msg: line })
    })
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.errors += chunk.toString()))
    this.exited = once(this.#child, 'close').then(([code]) => ({
      code: code as number | null,
      afterMs: performance.now() - started,
    }))
  }

  async said(msg: string): Promise<Record<string, unknown>> {
    return await waitUntil(() => this.lines.find((line) => line.msg.includes(msg)), {
      what: `the line "${msg}"`,
      limitMs: 30_000,
      intervalMs: 10,
      state: () => [...this.lines.slice(-5), this.errors],
    })
  }

  async get(path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.opsPort}${path}`)
    return { status: response.status, body: await response.text() }
  }

  async answers(path: string, status: number): Promise<string> {
    let last: unknown
    return await waitUntil(
      async () => {
        const answer = await this.get(path)
        last = answer
        return answer.status === status && answer.body
      },
      { what: `${status} of ${path}`, limitMs: 30_000, state: () => [last, ...this.lines.slice(-5), this.errors] },
    )
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Kills the process. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }
}
