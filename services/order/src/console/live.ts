import { PassThrough } from 'node:stream'
import { DependencyUnavailable, type Log, messageOf, Problem } from '@order-saga/chassis'

export interface LiveOptions {
  /** Computes what every client is shown. */
  readonly read: () => Promise<unknown>
  readonly log: Log
  readonly maxClients?: number
  /** Pause between two readings. */
  readonly intervalMs?: number
  readonly heartbeatMs?: number
}

/** What waits for one client at most, and a reading more. */
const bufferBytes = 262_144

/**
 * Server-sent events: one reading for all clients, as long as there are any, and one event for each reading that differs
 * from the one before. A client that does not read misses readings, gets the newest when
 * it reads again, and holds up nobody.
 */
export class Live {
  readonly #options: Required<LiveOptions>
  /** Each with whether it has missed a reading, being slow. */
  readonly #clients = new Map<PassThrough, boolean>()
  #last: string | undefined
  #timer: NodeJS.Timeout | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: LiveOptions) {
    this.#options = { maxClients: 50, intervalMs: 1_000, heartbeatMs: 15_000, ...options }
  }

  get clients(): number {
    return this.#clients.size
  }

  /** @throws Problem 503 when there are too many clients, or the process is about to end */
  join(): PassThrough {
    if (this.#stopped) throw new Problem(503, 'This process is about to end.', { headers: { 'retry-after': '1' } })
    if (this.#clients.size >= this.#options.maxClients) {
      throw new Problem(503, `Live updates go to ${this.#options.maxClients} clients at most, try again later.`, {
        headers: { 'retry-after': '30' },
      })
    }
    const client = new PassThrough({ highWaterMark: bufferBytes })
    this.#clients.set(client, false)
    client.once('close', () => this.#leave(client))
    // A client whose connection breaks ends with an error that is nobody's concern.
    client.on('error', () => undefined)
    client.on('drain', () => {
      if (this.#clients.get(client) === true && this.#last !== undefined) client.write(this.#last)
      if (this.#clients.has(client)) this.#clients.set(client, false)
    })
    client.write('retry: 2000\n\n')
    if (this.#clients.size === 1) {
      this.#last = undefined
      this.#heartbeat = setInterval(() => this.#send(': heartbeat\n\n'), this.#options.heartbeatMs)
      this.#schedule(0)
    } else if (this.#last !== undefined) {
      client.write(this.#last)
    }
    return client
  }

  /** Ends every stream, so that the process can end. */
  stop(): void {
    this.#stopped = true
    for (const client of this.#clients.keys()) client.end('event: end\ndata: {}\n\n')
    this.#rest()
  }

  #leave(client: PassThrough): void {
    this.#clients.delete(client)
    if (this.#clients.size === 0) this.#rest()
  }

  #rest(): void {
    clearTimeout(this.#timer)
    clearInterval(this.#heartbeat)
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#tell(), ms)
  }

  async #tell(): Promise<void> {
    const event = await this.#event()
    if (this.#stopped || this.#clients.size === 0) return
    if (event !== this.#last) this.#send(event)
    this.#last = event
    this.#schedule(this.#options.intervalMs)
  }

  async #event(): Promise<string> {
    try {
      return `event: overview\ndata: ${JSON.stringify(await this.#options.read())}\n\n`
    } catch (error) {
      const away = error instanceof DependencyUnavailable
      if (!away) this.#options.log.error({ reason: messageOf(error) }, 'the console could not be updated')
      const detail = away ? `The ${error.dependency} does not answer.` : 'Something went wrong here.'
      return `event: trouble\ndata: ${JSON.stringify({ detail })}\n\n`
    }
  }

  #send(text: string): void {
    for (const client of this.#clients.keys()) {
      if (client.writableNeedDrain) this.#clients.set(client, true)
      else client.write(text)
    }
  }
}
