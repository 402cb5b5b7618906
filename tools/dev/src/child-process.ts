import { spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import type { Readable } from 'node:stream'

export interface ChildOptions {
  cwd: string
  env: NodeJS.ProcessEnv
  stdio: StdioOptions
  uid?: number | undefined
  gid?: number | undefined
}

/**
 * One process this one has started. It leads a process group of its own, so Ctrl-C in the terminal does not reach it:
 * only its owner decides when, and in which order, the processes end. Not execa: its current major needs Node 22, and its
 * own time limit before SIGKILL is for one signal, where `end` takes any.
 */
export class Child {
  /** Resolves, never rejects, with how the process ended: `exit code 1` or `signal SIGKILL`. */
  readonly exited: Promise<string>
  readonly pid: number
  readonly #process: ChildProcess
  #ended = false

  private constructor(process: ChildProcess, pid: number) {
    this.#process = process
    this.pid = pid
    this.exited = new Promise((resolve) => {
      process.once('exit', (code, signal) => {
        this.#ended = true
        resolve(signal ? `signal ${signal}` : `exit code ${code}`)
      })
    })
  }

  /** Rejects with one sentence when the command cannot be started. */
  static start(command: string, args: readonly string[], options: ChildOptions): Promise<Child> {
    return new Promise((resolve, reject) => {
      const process = spawn(command, args, { ...options, detached: true })
      // 'spawn' comes after the pid is known and before 'exit', so no exit is missed.
      process.once('spawn', () => resolve(new Child(process, process.pid!)))
      process.once('error', (error) => reject(new Error(`${command} cannot be started: ${error.message}`)))
    })
  }

  get running(): boolean {
    return !this.#ended
  }

  get stdout(): Readable | null {
    return this.#process.stdout
  }

  get stderr(): Readable | null {
    return this.#process.stderr
  }

  closeStdin(): void {
    this.#process.stdin?.end()
  }

  /** Does nothing when the process has ended. */
  signal(name: NodeJS.Signals): void {
    if (this.running) this.#process.kill(name)
  }

  /** Sends the signal and resolves when the process has ended; one that has not after `limitMs` is killed. */
  async end(name: NodeJS.Signals, limitMs: number): Promise<void> {
    this.signal(name)
    const limit = setTimeout(() => this.signal('SIGKILL'), limitMs)
    await this.exited
    clearTimeout(limit)
  }
}
