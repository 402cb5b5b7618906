import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Definitions, maxMessageBytes } from '@order-saga/contracts'
import { urlOf } from './broker-users.ts'
import { Child } from './child-process.ts'
import { reasonOf } from './error-code.ts'
import { freePort, onFreePorts, startFailure } from './free-port.ts'
import { acceptsConnections, registrationMs } from './rabbitmq-server.ts'
import type { RabbitMqOptions, RabbitMqServer } from './rabbitmq-server.ts'
import { RunFolder } from './run-folder.ts'
import { waitUntil } from './wait-until.ts'

const run = promisify(execFile)
const image = 'rabbitmq:4-management'

/** The first container engine that answers and has, or can fetch, the image; undefined when none does. */
export async function containerEngine(options: RabbitMqOptions): Promise<string | undefined> {
  for (const engine of ['docker', 'podman']) {
    try {
      await run(engine, ['info'], { timeout: 10_000 })
    } catch {
      continue
    }
    try {
      await run(engine, ['image', 'inspect', image])
      return engine
    } catch {
      options.log?.(`Fetching the image ${image} with ${engine}, once`)
    }
    try {
      await run(engine, ['pull', '--quiet', image], { ...(options.signal && { signal: options.signal }) })
      return engine
    } catch {
      options.signal?.throwIfAborted()
    }
  }
  return undefined
}

/** A node in a container of its own. */
class RabbitMqContainer implements RabbitMqServer {
  readonly port: number
  url: string
  readonly #engine: string
  readonly #name: string
  readonly #folder: RunFolder
  #pid: number | undefined
  #exited: Promise<string> = Promise.resolve('not started')

  constructor(engine: string, folder: RunFolder, port: number) {
    this.#engine = engine
    this.#folder = folder
    this.port = port
    this.#name = `order-saga-rabbitmq-${port}`
    this.url = `amqp://guest:guest@127.0.0.1:${port}`
  }

  get folder(): string {
    return this.#folder.path
  }

  get pid(): number | undefined {
    return this.#pid
  }

  get exited(): Promise<string> {
    return this.#exited
  }

  ctl(...args: string[]): Promise<string> {
    return this.#do('exec', this.#name, 'rabbitmqctl', ...args)
  }

  async kill(): Promise<void> {
    if (!this.#pid) return
    await delay(registrationMs)
    await this.#do('kill', this.#name)
    await this.#exited
  }

  async pause(): Promise<void> {
    await this.#do('pause', this.#name)
  }

  async resume(): Promise<void> {
    await this.#do('unpause', this.#name)
  }

  async restart(signal?: AbortSignal): Promise<void> {
    await this.#do('restart', this.#name)
    await this.#ready(signal)
  }

  async stop(): Promise<void> {
    // With --volumes, else the data of every run would stay.
    await this.#do('rm', '--force', '--volumes', this.#name)
    await this.#exited
    await this.#folder.remove()
  }

  async start(signal?: AbortSignal): Promise<void> {
    await this.#folder.recordCommand(`${this.#engine} rm --force --volumes ${this.#name}`)
    const settings = [
      '--env',
      `RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+sbwt none +sbwtdcpu none +sbwtdio none -rabbit max_message_size ${maxMessageBytes}`,
    ]
    const address = ['--publish', `127.0.0.1:${this.port}:5672`, '--hostname', 'localhost']
    await this.#do('run', '--detach', '--name', this.#name, ...address, ...settings, image).catch((error: unknown) => {
      throw startFailure(reasonOf(error), reasonOf(error))
    })
    await this.#ready(signal)
  }

  /** Replaces the user guest by those of the definitions. */
  async load(definitions: Definitions): Promise<void> {
    const file = join(this.#folder.path, 'definitions.json')
    await writeFile(file, JSON.stringify(definitions), { mode: 0o644 })
    await this.#do('cp', file, `${this.#name}:/tmp/definitions.json`)
    await this.ctl('import_definitions', '/tmp/definitions.json')
    await this.ctl('delete_user', 'guest')
    this.url = urlOf(this.url, definitions)
  }

  async #ready(signal?: AbortSignal): Promise<void> {
    this.#pid = Number(await this.#do('inspect', '--format', '{{.State.Pid}}', this.#name))
    const waiter = await Child.start(this.#engine, ['wait', this.#name], {
      cwd: '/',
      env: process.env,
      stdio: 'ignore',
    })
    this.#exited = waiter.exited.then(() => {
      this.#pid = undefined
      return 'its container ended'
    })
    const what = 'RabbitMQ to accept connections'
    const outcome = await waitUntil(
      async () => (this.#pid ? (await acceptsConnections(this.url)) && 'ready' : 'ended'),
      { what, limitMs: 120_000, intervalMs: 200, signal },
    )
    if (outcome === 'ended')
      throw new Error(`RabbitMQ did not start: ${await this.#do('logs', '--tail', '8', this.#name)}`)
  }

  async #do(...args: string[]): Promise<string> {
    return (await run(this.#engine, args)).stdout.trim()
  }
}

/** `engine`: a command that understands docker's subcommands. */
export function startRabbitMqContainer(engine: string, options: RabbitMqOptions): Promise<RabbitMqServer> {
  return onFreePorts(() => startOnce(engine, options))
}

async function startOnce(engine: string, options: RabbitMqOptions): Promise<RabbitMqServer> {
  const folder = await RunFolder.create('rabbitmq')
  const container = new RabbitMqContainer(engine, folder, await freePort())
  try {
    await container.start(options.signal)
    if (options.definitions !== undefined) await container.load(options.definitions)
    return container
  } catch (error) {
    await container.stop()
    throw error
  }
}
