import { setTimeout as delay } from 'node:timers/promises'
import type { ChannelModel } from 'amqplib'
import { DependencyUnavailable, messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { close, closeConnection, within } from './close.ts'
import { connect as connectByAmqp } from './connect.ts'
import { withHeartbeat } from './connect.ts'
import { checkTopology, declareTopology, type Topology } from './topology.ts'

export interface BrokerOptions {
  readonly url: string
  /** Shown in the broker's list of connections. */
  readonly name: string
  readonly topology: Topology
  /** `assume` declares nothing and only checks that everything is there. */
  readonly mode: 'declare' | 'assume'
  readonly log: Log
  /** Called once, when no retry can help: the topology exists with other arguments. */
  readonly onFatal: (error: Error) => void
  readonly random?: () => number
  readonly connect?: (url: string, options: object) => Promise<ChannelModel>
}

type OnConnect = (model: ChannelModel) => Promise<void>

const firstWaitMs = 200
const longestWaitMs = 5_000
const connectTimeoutMs = 10_000
/** Between the loss of a channel and its successor. */
const rebuildMs = 200

/**
 * One connection that comes back. `start` never throws for a broker that is away: it keeps trying, with growing, jittered
 * waits. After each connect the topology is ensured first and then every `onConnect` listener runs, so that whoever owns
 * a channel builds it anew; amqplib's own recovery would bring back the connection and leave the channels dead.
 */
export class Broker {
  readonly #options: BrokerOptions
  readonly #listeners: OnConnect[] = []
  readonly #stop = new AbortController()
  #model: ChannelModel | undefined
  #ready = false
  #blocked = false
  #loop: Promise<void> | undefined

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

  /** For work that opens and closes channels of its own; undefined while the broker is away. */
  get connection(): ChannelModel | undefined {
    return this.#ready ? this.#model : undefined
  }

  onConnect(listener: OnConnect): void {
    this.#listeners.push(listener)
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Resolves when the connection is gone, at the latest after about 2 s. */
  async close(): Promise<void> {
    this.#stop.abort()
    if (this.#model !== undefined) await closeConnection(this.#model)
    // A connect that is under way ends by its own limit and is then closed.
    if (this.#loop !== undefined) await within(this.#loop)
  }

  /**
   * For the owner of a channel that was lost while its connection is well: runs its listener again, until that works or
   * the connection is gone. The topology is ensured first, since a deleted queue may be what has cost the channel.
   */
  async rebuild(model: ChannelModel, listener: OnConnect): Promise<void> {
    for (;;) {
      await pause(rebuildMs, this.#stop.signal)
      if (this.#model !== model || this.#stop.signal.aborted) return
      try {
        await this.#ensureTopology(model)
        await listener(model)
        return
      } catch (error) {
        this.#tell(error, 'a channel could not be rebuilt, trying again')
      }
    }
  }

  async #run(): Promise<void> {
    const { log, name, random = Math.random } = this.#options
    let waitMs = firstWaitMs
    for (;;) {
      try {
        const { lost } = await this.#connect()
        waitMs = firstWaitMs
        log.info({ connection: name }, 'broker connected')
        await lost
        if (!this.#stop.signal.aborted) log.warn({ connection: name }, 'broker connection lost, connecting again')
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#tell(error, 'broker is not reachable, trying again')
      }
      if (this.#stop.signal.aborted) return
      await pause(waitMs * (0.5 + random() / 2), this.#stop.signal)
      waitMs = Math.min(longestWaitMs, waitMs * 2)
    }
  }

  /** Resolves once everything is built; `lost` resolves when the connection is gone. */
  async #connect(): Promise<{ lost: Promise<void> }> {
    const { url, name, log, connect = connectByAmqp } = this.#options
    const model = await connect(withHeartbeat(url), {
      clientProperties: { connection_name: name },
      noDelay: true,
      keepAlive: true,
      timeout: connectTimeoutMs,
    })
    // Before anything else: an `error` nobody listens to ends the process.
    model.on('error', (error) => log.warn({ connection: name, reason: messageOf(error) }, 'broker connection failed'))
    const lost = new Promise<void>((resolve) => {
      model.once('close', () => {
        this.#model = undefined
        this.#ready = false
        this.#blocked = false
        resolve()
      })
    })
    model.on('blocked', (reason) => {
      this.#blocked = true
      log.warn({ connection: name, reason }, 'broker blocks publishing')
    })
    model.on('unblocked', () => {
      this.#blocked = false
      log.info({ connection: name }, 'broker takes messages again')
    })
    this.#model = model
    try {
      if (this.#stop.signal.aborted) throw new Error('closing')
      await this.#ensureTopology(model)
      for (const listener of this.#listeners) await listener(model)
      if (this.#model !== model) throw new Error('the connection was lost while its channels were built')
      this.#ready = true
      return { lost }
    } catch (error) {
      await closeConnection(model)
      throw error
    }
  }

  async #ensureTopology(model: ChannelModel): Promise<void> {
    const { topology, mode } = this.#options
    const channel = await model.createChannel()
    // A refused declaration is reported by its own promise too.
    channel.on('error', () => undefined)
    await (mode === 'declare' ? declareTopology(channel, topology) : checkTopology(channel, topology))
    await close(channel)
  }

  #tell(error: unknown, what: string): void {
    const { log, name, onFatal } = this.#options
    if (!isFatal(error)) {
      log.warn({ connection: name, reason: messageOf(error) }, what)
      return
    }
    this.#stop.abort()
    onFatal(fatalError(error))
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined)
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
