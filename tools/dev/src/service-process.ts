import { Child } from './child-process.ts'
import { nodeArguments } from './node-arguments.ts'
import type { RunFolder } from './run-folder.ts'
import type { ServiceLog } from './service-log.ts'
import type { Supervised } from './supervisor.ts'
import { waitUntil } from './wait-until.ts'

export interface ServiceOptions {
  name: string
  /** File Node.js runs. */
  script: string
  env: NodeJS.ProcessEnv
  /** Base URL of /readyz. */
  opsUrl: string
  folder: RunFolder
  log: ServiceLog
  /** How long it may drain before it is killed. */
  stopLimitMs: number
}

/** One service, in a process of its own. */
export class ServiceProcess implements Supervised {
  readonly name: string
  readonly opsUrl: string
  readonly #options: ServiceOptions
  #child: Child | undefined

  private constructor(options: ServiceOptions) {
    this.#options = options
    this.name = options.name
    this.opsUrl = options.opsUrl
  }

  /** Resolves when the process has been started; `ready` says when it works. */
  static async start(options: ServiceOptions): Promise<ServiceProcess> {
    const service = new ServiceProcess(options)
    await service.#spawn()
    return service
  }

  get pid(): number | undefined {
    return this.#child?.running ? this.#child.pid : undefined
  }

  get exited(): Promise<string> {
    return this.#child!.exited
  }

  /** Resolves when /readyz answers 200. Rejects with what the service complained of when it ends, or takes too long. */
  async ready(limitMs: number, signal: AbortSignal): Promise<void> {
    const { name, log } = this.#options
    const outcome = await waitUntil(
      async () => (this.pid === undefined ? 'ended' : (await isReady(this.opsUrl)) && 'ready'),
      { what: `${name} to be ready`, limitMs, intervalMs: 100, signal, state: () => log.latest },
    )
    if (outcome === 'ended') throw new Error(`${name} did not start (${await this.exited}): ${log.latest}`)
  }

  async restart(signal: AbortSignal): Promise<void> {
    await this.#end('SIGKILL')
    signal.throwIfAborted()
    await this.#spawn()
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
    await this.#options.log.close()
  }

  /** Kills it at once, during a `stop()` in progress. */
  kill(): void {
    this.#child?.signal('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    await this.#child?.end(signal, this.#options.stopLimitMs)
    if (this.#child) await this.#options.folder.forget(this.#child.pid)
  }

  async #spawn(): Promise<void> {
    const { script, env, folder, log } = this.#options
    const child = await Child.start(process.execPath, [...nodeArguments, script], {
      cwd: folder.path,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    if (child.stdout) log.read(child.stdout)
    if (child.stderr) log.read(child.stderr)
    await folder.record(child.pid, 'TERM')
  }
}

/** True when the service at that address says it is ready. */
export async function isReady(opsUrl: string): Promise<boolean> {
  const answer = await fetch(new URL('/readyz', opsUrl), { signal: AbortSignal.timeout(5000) })
  await answer.body?.cancel()
  return answer.ok
}
