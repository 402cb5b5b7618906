import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { waitUntil } from '@order-saga/dev'
import type { Cluster } from './cluster.ts'

const openLimitMs = 60_000
const reopenPauseMs = 200

/**
 * A service of the cluster on a port of 127.0.0.1, until it is closed. kubectl follows one pod; when that one goes, the
 * way is opened anew on the same port, as a client would connect anew; on another one if a program has taken it meanwhile.
 */
export class PortForward {
  readonly #args: readonly string[]
  #port = 0
  #child: ChildProcess | undefined
  #reopening: NodeJS.Timeout | undefined
  #closed = false

  private constructor(cluster: Cluster, target: string) {
    this.#args = ['--namespace', cluster.namespace, 'port-forward', '--address=127.0.0.1', target]
  }

  static async open(cluster: Cluster, target: string, remotePort: number): Promise<PortForward> {
    const forward = new PortForward(cluster, target)
    forward.#start(remotePort)
    await waitUntil(() => forward.#port > 0, { what: `a way to ${target}`, limitMs: openLimitMs })
    return forward
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  #start(remotePort: number): void {
    const ports = `${this.#port === 0 ? '' : this.#port}:${remotePort}`
    const child = spawn('kubectl', [...this.#args, ports], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const port = /127\.0\.0\.1:(\d+)/.exec(text)?.[1]
      if (port !== undefined) this.#port = Number(port)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      // kubectl says that its pod is gone, and stays.
      if (/unable to listen/i.test(text)) this.#port = 0
      if (/lost connection|error forwarding|no such container|not found/i.test(text)) child.kill()
    })
    const stop = (): void => void child.kill()
    process.once('exit', stop)
    const reopen = (): void => {
      process.off('exit', stop)
      if (!this.#closed) this.#reopening = setTimeout(() => this.#start(remotePort), reopenPauseMs)
    }
    child.once('exit', reopen)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#reopening)
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill()
    await once(child, 'exit')
  }
}
