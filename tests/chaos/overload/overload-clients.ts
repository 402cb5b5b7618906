import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer } from '../../support/call.ts'
import type { Shop, WantedOrder } from '../../support/shop.ts'

/** The clients ignore Retry-After, which is longer. */
const retryPauseMs = 50

/** Clients that place one order after the other without a pause, and ignore the Retry-After of refusals. */
export class OverloadClients {
  /** Number of responses by status or error code. */
  readonly responses = new Map<string, number>()
  /** Number of refusals without Retry-After. */
  withoutRetryAfter = 0
  readonly #shop: Shop
  readonly #wanted: () => WantedOrder
  readonly #agent: Agent
  readonly #clients: Promise<void>[]
  #stopped = false

  constructor(shop: Shop, clients: number, wanted: () => WantedOrder) {
    this.#shop = shop
    this.#wanted = wanted
    this.#agent = new Agent({ keepAlive: true, maxSockets: clients })
    this.#clients = Array.from({ length: clients }, () => this.#client())
  }

  count(response: string): number {
    return this.responses.get(response) ?? 0
  }

  /** Resolves after the last response. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#clients)
    this.#agent.destroy()
  }

  async #client(): Promise<void> {
    while (!this.#stopped) {
      const response = await this.#shop
        .tryPost(this.#wanted(), { key: randomUUID(), agent: this.#agent })
        .catch((error: NodeJS.ErrnoException) => error.code ?? error.name)
      const name = typeof response === 'string' ? response : String(response.status)
      this.responses.set(name, this.count(name) + 1)
      if (name === '202') continue
      if (typeof response !== 'string' && !hasRetryAfter(response)) this.withoutRetryAfter += 1
      await pause(retryPauseMs)
    }
  }
}

function hasRetryAfter({ headers }: Answer): boolean {
  return /^[1-9]\d*$/.test(String(headers['retry-after']))
}
