import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const run = promisify(execFile)

/** Long enough to fetch base images and packages on a machine that has none of them yet. */
const upLimitMs = 15 * 60_000
const commandLimitMs = 150_000

/** The properties of `docker inspect` that the tests read. */
export interface ContainerState {
  readonly Id: string
  readonly Config: { readonly User: string }
  readonly HostConfig: { readonly ReadonlyRootfs: boolean }
  readonly State: { readonly Running: boolean; readonly ExitCode: number; readonly OOMKilled: boolean }
}

/**
 * compose.yaml under a project name, image tag and ports of its own, so that it runs beside a developer's system and
 * leaves that one's containers, volumes and images alone.
 */
export class ComposeProject {
  readonly name: string
  readonly #environment: NodeJS.ProcessEnv
  readonly #interrupted = new AbortController()
  #removal: Promise<void> | undefined

  constructor(name: string) {
    this.name = name
    // Settings in the developer's shell or .env file are not the test's.
    const kept = Object.entries(process.env).filter(([variable]) => /^(PATH|HOME|DOCKER_.*)$/.test(variable))
    this.#environment = {
      ...Object.fromEntries(kept),
      COMPOSE_PROJECT_NAME: name,
      IMAGE_TAG: name,
      // Docker chooses free ports.
      PORT: '0',
      INVENTORY_PORT: '0',
      CONSOLE_PORT: '0',
      RABBITMQ_UI_PORT: '0',
    }
  }

  /** `docker compose up -d` without simulated failures, with these settings; all others are back at their defaults. */
  async up(settings: Readonly<Record<string, string>> = {}, ...options: string[]): Promise<void> {
    const all = { PAYMENT_FAILURE_RATE: '0', INVENTORY_FAILURE_RATE: '0', ...settings }
    await this.#compose(['up', '--detach', ...options], { settings: all, limitMs: upLimitMs })
  }

  /** The environment each service is given; null where a setting is only passed on. */
  async environments(): Promise<Record<string, Record<string, string | null>>> {
    const config = JSON.parse(await this.#compose(['config', '--format=json'])) as {
      readonly services: Record<string, { readonly environment: Record<string, string | null> }>
    }
    return Object.fromEntries(Object.entries(config.services).map(([name, { environment }]) => [name, environment]))
  }

  /** Runs a service once and returns its output. Rejects if its exit code is not 0. */
  async runOnce(service: string): Promise<string> {
    return await this.#compose(['run', '--rm', '-T', service], { limitMs: upLimitMs })
  }

  async stop(...services: string[]): Promise<void> {
    await this.#compose(['stop', ...services])
  }

  async start(...services: string[]): Promise<void> {
    await this.#compose(['start', ...services])
  }

  /** Removes everything: containers, network, volumes, and the images built for this project. */
  async remove(): Promise<void> {
    await (this.#removal ??= this.#remove())
  }

  /** On Ctrl-C, the running command is aborted, everything is removed, then the process exits. */
  removeWhenInterrupted(): void {
    const end = (): void => {
      if (this.#interrupted.signal.aborted) return
      this.#interrupted.abort()
      void this.remove()
        .catch(console.error)
        .finally(() => process.exit(130))
    }
    process.on('SIGINT', end).on('SIGTERM', end)
  }

  async logs(service: string): Promise<string> {
    return await this.#compose(['logs', '--no-log-prefix', service])
  }

  /** The URL of a published port; it changes whenever the container is made anew. */
  async url(service: string, port: number): Promise<string> {
    return `http://${(await this.#compose(['port', service, String(port)])).trim()}`
  }

  /** Ids of the containers of every service, stopped ones included. */
  async containers(): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>()
    for (const line of lines(await this.#compose(['ps', '--all', '--format={{.Service}} {{.ID}}']))) {
      const [service = '', id = ''] = line.split(' ')
      found.set(service, [...(found.get(service) ?? []), id])
    }
    return found
  }

  async inspect(container: string): Promise<ContainerState> {
    const [state] = JSON.parse(await this.#docker(['inspect', container])) as ContainerState[]
    if (state === undefined) throw new Error(`There is no container ${container}.`)
    return state
  }

  /** The output of a command in a running container, as root, so that permissions do not cause failures. */
  async exec(container: string, ...command: string[]): Promise<string> {
    return (await this.#docker(['exec', '--user=0', container, ...command])).trim()
  }

  /** The output of a shell script as root in a new container of a service's image. */
  async runInImage(service: string, script: string): Promise<string> {
    const image = `order-saga/${service}:${this.name}`
    return (await this.#docker(['run', '--rm', '--network=none', '--user=0', image, 'sh', '-c', script])).trim()
  }

  /** The rows of a query, as psql prints them bare. */
  async query(service: 'order' | 'payment' | 'inventory', sql: string): Promise<string[]> {
    const psql = ['psql', '--username=postgres', `--dbname=${service}_db`, '--tuples-only', '--no-align']
    return lines(await this.#compose(['exec', '-T', `postgres-${service}`, ...psql, `--command=${sql}`]))
  }

  /** The output of `rabbitmqctl` as the broker's own user. */
  async rabbitmqctl(...args: string[]): Promise<string> {
    return (await this.#compose(['exec', '-T', 'rabbitmq', 'rabbitmqctl', '--quiet', ...args])).trim()
  }

  async kill(container: string): Promise<void> {
    await this.#docker(['kill', container])
  }

  /** The state and last log lines of every container, for failure reports. */
  async describe(): Promise<string> {
    if (this.#interrupted.signal.aborted) return 'Interrupted.'
    const parts = [
      ['ps', '--all'],
      ['logs', '--no-color', '--tail=40'],
    ].map((args) => this.#compose(args).catch(String))
    return (await Promise.all(parts)).join('\n')
  }

  async #remove(): Promise<void> {
    const signal = new AbortController().signal
    await this.#compose(['down', '--volumes', '--remove-orphans', '--timeout=5'], { signal })
    const format = '--format={{.Repository}}:{{.Tag}}'
    const list = ['image', 'ls', format, `--filter=reference=order-saga/*:${this.name}`]
    const images = lines(await this.#docker(list, { signal }))
    if (images.length > 0) await this.#docker(['image', 'rm', ...images], { signal })
  }

  async #compose(args: string[], options?: CommandOptions): Promise<string> {
    return await this.#docker(['compose', '--ansi=never', '--progress=plain', '--env-file=/dev/null', ...args], options)
  }

  async #docker(args: string[], options: CommandOptions = {}): Promise<string> {
    const { settings, limitMs = commandLimitMs, signal = this.#interrupted.signal } = options
    const env = { ...this.#environment, ...settings }
    const bounds = { timeout: limitMs, maxBuffer: 64 * 1024 * 1024, signal }
    try {
      const { stdout } = await run('docker', args, { cwd: root, env, ...bounds })
      return stdout
    } catch (error) {
      throw explained(args, limitMs, error as Failure)
    }
  }
}

interface CommandOptions {
  readonly settings?: Readonly<Record<string, string>>
  readonly limitMs?: number
  readonly signal?: AbortSignal
}

interface Failure extends Error {
  readonly code?: string | number
  readonly killed?: boolean
  readonly stdout?: string
  readonly stderr?: string
}

function explained(args: string[], limitMs: number, failure: Failure): Error {
  if (failure.code === 'ENOENT') {
    return new Error('This test needs Docker with the Compose plugin, and there is no `docker` on the path.')
  }
  const how = failure.killed === true ? `did not end within ${limitMs / 1000} s` : `ended with ${failure.code}`
  const output = `${failure.stdout ?? ''}${failure.stderr ?? failure.message}`
  return new Error(`docker ${args.join(' ')} ${how}:\n${output.slice(-6_000)}`)
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}
