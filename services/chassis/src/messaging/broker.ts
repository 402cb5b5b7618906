import { type ChannelModel, connect } from 'amqplib'
import { DependencyUnavailable, messageOf } from '../runtime/errors.ts'
import type { Log } from '../runtime/log.ts'
import { checkTopology, declareTopology, type Topology } from './topology.ts'

export interface BrokerOptions {
  readonly url: string
  /** Shown in the broker's list of connections. */
  readonly name: string
  readonly topology: Topology
  /** `assume` declares nothing and only checks that everything is there. */
  readonly mode: 'declare' | 'assume'
  readonly log: Log
  /** Called once when no retry can help: the topology exists with other arguments, or may not be declared. */
  readonly onFatal: (error: Error) => void
  readonly random?: () => number
}

type OnConnect = (model: ChannelModel) => Promise<void>

const firstWaitMs = 200
const longestWaitMs = 5_000
/** A silent broker is noticed after two to three missed intervals. */
const heartbeatSeconds = 10
const connectTimeoutMs = 10_000

/**
 * One connection that comes back. `start` never throws for a broker that is away: it keeps trying, with growing, jittered
 * waits. After each connect the topology is ensured first and then every `onConnect` listener runs, so that whoever owns
 * a channel builds it anew; amqplib's own recovery would bring back the connection and leave the channels dead.
 */
export class Broker {
  readonly #options: BrokerOptions
  readonly #listeners: OnConnect[] = []
  #model: ChannelModel | undefined
  #ready = false
  #blocked = false
  #closing = false
  #loop: Promise<void> | undefined
  #wakeLoop: (() => void) | undefined

  constructor(options: BrokerOptions) {
    this.#options = options
  }

  /** Connected, topology ensured, channels rebuilt. */
  get isReady(): boolean {
    return this.#ready
  }

  /** The broker takes no publishes for now (memory or disk alarm). */
  get isBlocked(): boolean {
    return this.#blocked
  }

  onConnect(listener: OnConnect): void {
    this.#listeners.push(listener)
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#wakeLoop?.()
    // A blocked broker may never answer the close: the socket goes with the process.
    await Promise.race([this.#model?.close().catch(() => undefined), pause(2_000)])
    await this.#loop
  }

  async #run(): Promise<void> {
    let waitMs = firstWaitMs
    while (!this.#closing) {
      try {
        const { lost } = await this.#connect()
        waitMs = firstWaitMs
        this.#options.log.info({ connection: this.#options.name }, 'broker connected')
        await lost
        if (this.#closing) return
        this.#options.log.warn({ connection: this.#options.name }, 'broker connection lost, connecting again')
      } catch (error) {
        if (this.#closing) return
        if (isFatal(error)) {
          this.#options.onFatal(fatalError(error))
          return
        }
        this.#options.log.warn(
          { connection: this.#options.name, reason: messageOf(error) },
          'broker is not reachable, trying again',
        )
      }
      const jitter = 0.5 + (this.#options.random ?? Math.random)() / 2
      await this.#interruptible(waitMs * jitter)
      waitMs = Math.min(longestWaitMs, waitMs * 2)
    }
  }

  /** Resolves once everything is built; `lost` resolves when the connection is gone. */
  async #connect(): Promise<{ lost: Promise<void> }> {
    const { url, name, topology, mode } = this.#options
    const model = await connect(withHeartbeat(url), {
      clientProperties: { connection_name: name },
      noDelay: true,
      keepAlive: true,
      timeout: connectTimeoutMs,
    })
    // Before anything else: an `error` nobody listens to ends the process.
    model.on('error', (error) =>
      this.#options.log.warn({ connection: name, reason: messageOf(error) }, 'broker connection failed'),
    )
    const lost = new Promise<void>((resolve) => {
      model.once('close', () => {
        this.#ready = false
        this.#blocked = false
        this.#model = undefined
        resolve()
      })
    })
    this.#model = model
    model.on('blocked', (reason) => {
      this.#blocked = true
      this.#options.log.warn({ connection: name, reason }, 'broker blocks publishing')
    })
    model.on('unblocked', () => {
      this.#blocked = false
      this.#options.log.info({ connection: name }, 'broker takes messages again')
    })
    try {
      if (this.#closing) throw new Error('closing')
      const channel = await model.createChannel()
      channel.on('error', () => undefined)
      await (mode === 'declare' ? declareTopology(channel, topology) : checkTopology(channel, topology))
      await channel.close()
      for (const listener of this.#listeners) await listener(model)
      this.#ready = true
    } catch (error) {
      await model.close().catch(() => undefined)
      throw error
    }
    return { lost }
  }

  async #interruptible(ms: number): Promise<void> {
    if (this.#closing) return
    await Promise.race([pause(ms), new Promise<void>((resolve) => (this.#wakeLoop = resolve))])
  }
}

/** amqplib reads the heartbeat from the URL only. */
function withHeartbeat(url: string): string {
  const parsed = new URL(url)
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(heartbeatSeconds))
  return parsed.toString()
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}

/** 406: a queue or exchange of that name has other arguments. Waiting cannot mend that; a 404 or a refused login it can. */
function isFatal(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 406
}

function fatalError(error: unknown): Error {
  return new Error(
    `The broker holds a queue or exchange with other arguments than this version declares (${messageOf(error)}). ` +
      'Delete it once it is empty, or choose other names with ORDER_EXCHANGE and *_QUEUE.',
  )
}

export function brokerUnavailable(cause: unknown): DependencyUnavailable {
  return new DependencyUnavailable('broker', cause)
}
