import { setTimeout as delay } from 'node:timers/promises'
import { type Topology } from '@order-saga/contracts'
import type { ChannelModel } from 'amqplib'
import { DependencyUnavailable, messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { close, closeConnection, within } from './close.ts'
import { connect as connectByAmqp, type ConnectOptions } from './connect.ts'
import { checkTopology, declareTopology, TopologyIncomplete } from './topology.ts'

export interface BrokerOptions {
  readonly url: string
  /** The connection name, shown in the broker's list of connections. */
  readonly name: string
  readonly topology: Topology
  /** `assume` declares nothing and only checks that the exchanges and queues of `topology` exist. */
  readonly mode: 'declare' | 'assume'
  readonly log: Log
  /** Called once, when a retry cannot help: a queue or the exchange exists with other arguments. */
  readonly onFatal: (error: Error) => void
  readonly random?: () => number
  readonly connect?: (url: string, options: ConnectOptions) => Promise<ChannelModel>
}

type OnConnect = (model: ChannelModel) => Promise<void>

const firstWaitMs = 200
const maxWaitMs = 5_000
const connectTimeoutMs = 10_000
/** Pause before a lost channel is reopened. */
const reopenDelayMs = 200

/**
 * One connection that is re-established after every loss. `start` never throws while the broker is unavailable: it retries
 * with exponential backoff and jitter. After each connect the topology is declared or checked, then every `onConnect`
 * listener runs and opens its channel; amqplib's own recovery would restore the connection but not the channels.
 */
export class Broker {
  readonly #options: BrokerOptions
  readonly #listeners: OnConnect[] = []
  readonly #stop = new AbortController()
  #model: ChannelModel | undefined
  #ready = false
  #blocked = false
  #missing: string | undefined
  #loop: Promise<void> | undefined

  constructor(options: BrokerOptions) {
    this.#options = options
  }

  /** Connected, topology declared or checked, channels open. */
  get isReady(): boolean {
    return this.#ready
  }

  /** The broker blocks publishing: memory or disk alarm. */
  get isBlocked(): boolean {
    return this.#blocked
  }

  /** A sentence about an exchange or a queue that the process waits for; undefined when all exist. */
  get missing(): string | undefined {
    return this.#missing
  }

  /** For work that opens and closes its own channels; undefined while the broker is unavailable. */
  get connection(): ChannelModel | undefined {
    return this.#ready ? this.#model : undefined
  }

  onConnect(listener: OnConnect): void {
    this.#listeners.push(listener)
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Resolves when the connection is closed, at the latest after about 2 s. */
  async close(): Promise<void> {
    this.#stop.abort()
    if (this.#model !== undefined) await closeConnection(this.#model)
    // A connect in progress has its own timeout; the connection is closed afterwards.
    if (this.#loop !== undefined) await within(this.#loop)
  }

  /**
   * Reopens a channel that was closed while its connection is open: runs the listener again until it succeeds or the
   * connection is lost. The topology comes first, because a deleted queue may be the reason for the close.
   */
  async reopen(model: ChannelModel, listener: OnConnect): Promise<void> {
    for (;;) {
      await pause(reopenDelayMs, this.#stop.signal)
      if (this.#model !== model || this.#stop.signal.aborted) return
      try {
        await this.#ensureTopology(model)
        await listener(model)
        return
      } catch (error) {
        this.#handleError(error, 'channel could not be reopened, retrying')
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
        if (!this.#stop.signal.aborted) log.warn({ connection: name }, 'broker connection lost, reconnecting')
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#handleError(error, 'broker is not reachable, retrying')
      }
      if (this.#stop.signal.aborted) return
      await pause(waitMs * (0.5 + random() / 2), this.#stop.signal)
      waitMs = Math.min(maxWaitMs, waitMs * 2)
    }
  }

  /** Resolves when the channels are open; `lost` resolves when the connection is closed. */
  async #connect(): Promise<{ lost: Promise<void> }> {
    const { url, name, log, connect = connectByAmqp } = this.#options
    const model = await connect(url, { name, timeoutMs: connectTimeoutMs })
    // First of all: an `error` event without a listener terminates the process.
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
      log.info({ connection: name }, 'broker unblocked publishing')
    })
    this.#model = model
    try {
      if (this.#stop.signal.aborted) throw new Error('closing')
      await this.#ensureTopology(model)
      for (const listener of this.#listeners) await listener(model)
      if (this.#model !== model) throw new Error('the connection was lost while its channels were opened')
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
    // The promise of a failed declaration rejects too.
    channel.on('error', () => undefined)
    await (mode === 'declare' ? declareTopology(channel, topology) : checkTopology(channel, topology))
    this.#missing = undefined
    await close(channel)
  }

  #handleError(error: unknown, message: string): void {
    const { log, name, onFatal } = this.#options
    this.#missing = error instanceof TopologyIncomplete ? error.message : undefined
    if (error instanceof TopologyIncomplete) {
      log.warn({ connection: name, reason: error.message }, "waiting for the broker's topology")
      return
    }
    if (!isFatal(error)) {
      log.warn({ connection: name, reason: messageOf(error) }, message)
      return
    }
    this.#stop.abort()
    onFatal(fatalError(error))
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined)
}

/** 406 PRECONDITION_FAILED: a queue or exchange exists with other arguments. A 404 or a refused login may be temporary. */
function isFatal(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 406
}

function fatalError(error: unknown): Error {
  return new Error(
    `The broker has a queue or exchange with other arguments than this version declares (${messageOf(error)}). ` +
      'Delete it once it is empty, or choose other names with ORDER_EXCHANGE and *_QUEUE.',
  )
}

export function brokerUnavailable(cause: unknown): DependencyUnavailable {
  return new DependencyUnavailable('broker', cause)
}
