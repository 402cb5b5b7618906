import { execFile } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Definitions } from '@order-saga/contracts'
import { urlOf } from './broker-users.ts'
import { Child } from './child-process.ts'
import { freePort, listensOn, onFreePorts, startFailure } from './free-port.ts'
import { descendants, signalIfAlive } from './process-tree.ts'
import { configureNode, findEpmd, nodeEnvironment } from './rabbitmq-node-setup.ts'
import type { NodePorts } from './rabbitmq-node-setup.ts'
import { acceptsConnections, registrationMs } from './rabbitmq-server.ts'
import type { RabbitMqOptions, RabbitMqServer } from './rabbitmq-server.ts'
import { RunFolder } from './run-folder.ts'
import { waitUntil } from './wait-until.ts'

const run = promisify(execFile)
/** An epmd whose port is taken ends within milliseconds. */
const epmdStartMs = 100
const noBusyWaiting = '+sbwt none +sbwtdcpu none +sbwtdio none'

/** A node run by the machine's own programs. */
class RabbitMqNode implements RabbitMqServer {
  readonly port: number
  readonly url: string
  readonly managementUrl: string | undefined
  readonly #programs: string
  readonly #folder: RunFolder
  readonly #ports: NodePorts
  readonly #environment: NodeJS.ProcessEnv
  #epmd: Child | undefined
  #beam: Child | undefined

  constructor(programs: string, folder: RunFolder, ports: NodePorts, definitions?: Definitions) {
    this.#programs = programs
    this.#folder = folder
    this.#ports = ports
    this.port = ports.amqp
    this.url = `amqp://guest:guest@127.0.0.1:${ports.amqp}`
    this.managementUrl = ports.management === undefined ? undefined : `http://127.0.0.1:${ports.management}`
    const url = `amqp://guest:guest@127.0.0.1:${ports.amqp}`
    this.url = definitions === undefined ? url : urlOf(url, definitions)
    this.#environment = nodeEnvironment(folder, ports)
  }

  get folder(): string {
    return this.#folder.path
  }

  get pid(): number | undefined {
    return this.#beam?.running ? this.#beam.pid : undefined
  }

  get exited(): Promise<string> {
    return this.#beam!.exited
  }

  async ctl(...args: string[]): Promise<string> {
    const { stdout } = await run(join(this.#programs, 'rabbitmqctl'), args, {
      cwd: this.#folder.path,
      env: this.#environment,
    })
    return stdout
  }

  async kill(): Promise<void> {
    await delay(registrationMs)
    await this.#end('SIGKILL')
  }

  async pause(): Promise<void> {
    await this.#signalAll('SIGSTOP')
  }

  async resume(): Promise<void> {
    await this.#signalAll('SIGCONT')
  }

  async restart(signal?: AbortSignal): Promise<void> {
    await this.#end('SIGTERM')
    await this.start(signal)
  }

  async stop(): Promise<void> {
    // Its data goes with it, so there is nothing a slower end would save.
    await this.#end('SIGKILL')
    await this.#epmd?.end('SIGKILL', 10_000)
    await this.#folder.remove()
  }

  /** Resolves when the node accepts connections. */
  async start(signal?: AbortSignal): Promise<void> {
    await this.#ensureEpmd(signal)
    this.#beam = await this.#spawn(join(this.#programs, 'rabbitmq-server'), [], {
      // Makes the script become the Erlang machine instead of a shell that waits for it, so this is the node's own pid.
      RABBITMQ_ALLOW_INPUT: '1',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-noinput -kernel inet_dist_use_interface {127,0,0,1} ${noBusyWaiting}`,
    })
    const what = 'RabbitMQ to accept connections'
    const outcome = await waitUntil(
      async () => {
        if (!this.pid) return 'ended'
        return (await acceptsConnections(this.url)) && 'ready'
      },
      { what, limitMs: 90_000, intervalMs: 100, signal },
    )
    if (outcome === 'ended') {
      throw await this.#failure('RabbitMQ', await this.exited)
    }
  }

  // The first Erlang node of a machine starts this daemon and leaves it running; started here it has an owner.
  async #ensureEpmd(signal?: AbortSignal): Promise<void> {
    if (this.#epmd?.running) return
    const port = this.#ports.epmd
    const args = ['-port', String(port), '-address', '127.0.0.1']
    const epmd = await this.#spawn(await findEpmd(this.#folder, signal), args, {})
    this.#epmd = epmd
    const what = "Erlang's epmd to listen"
    const outcome = await waitUntil(async () => (epmd.running ? (await listensOn(port)) && 'listens' : 'ended'), {
      what,
      limitMs: 10_000,
      signal,
    })
    // The port's owner may accept the connection before epmd has ended.
    const isOwn = outcome === 'listens' && (await Promise.race([epmd.exited, delay(epmdStartMs, true)])) === true
    if (!isOwn) throw await this.#failure("Erlang's epmd", await epmd.exited)
  }

  async #failure(program: string, end: string): Promise<Error> {
    const output = await readFile(join(this.#folder.path, 'output'), 'utf8')
    const lines = output.trim().split('\n')
    return startFailure(`${program} did not start (${end}): ${lines.slice(-8).join(' / ')}`, output)
  }

  async #spawn(command: string, args: string[], environment: NodeJS.ProcessEnv): Promise<Child> {
    const output = await open(join(this.#folder.path, 'output'), 'a')
    try {
      const child = await Child.start(command, args, {
        cwd: this.#folder.path,
        env: { ...this.#environment, ...environment },
        stdio: ['ignore', output.fd, output.fd],
      })
      await this.#folder.record(child.pid, 'KILL')
      return child
    } finally {
      await output.close()
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    await this.resume()
    await this.#beam?.end(signal, 20_000)
    if (this.#beam) await this.#folder.forget(this.#beam.pid)
  }

  async #signalAll(signal: NodeJS.Signals): Promise<void> {
    const { pid } = this
    if (!pid) return
    for (const process of [pid, ...(await descendants(pid))]) signalIfAlive(process, signal)
  }
}

/** `programs`: the folder of rabbitmq-server and rabbitmqctl. */
export function startRabbitMqNode(programs: string, options: RabbitMqOptions): Promise<RabbitMqServer> {
  return onFreePorts(() => startOnce(programs, options))
}

async function startOnce(programs: string, options: RabbitMqOptions): Promise<RabbitMqServer> {
  const folder = await RunFolder.create('rabbitmq')
  const ports = {
    amqp: await freePort(),
    distribution: await freePort(),
    epmd: await freePort(),
    management: options.management === true ? await freePort() : undefined,
  }
  const node = new RabbitMqNode(programs, folder, ports, options.definitions)
  try {
    await configureNode(folder, ports, options.definitions)
    await node.start(options.signal)
    return node
  } catch (error) {
    await node.stop()
    throw error
  }
}
