import { randomUUID } from 'node:crypto'
import type { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { declinedAmount } from './flows.ts'
import type { PlacedOrder, Shop, WantedOrder } from './shop.ts'

export interface OrderStreamOptions {
  readonly shop: Shop
  readonly perSecond: number
  /** An article in stock; other orders of the stream contain one that is out of stock. */
  readonly sku: string
  /**
   * When a client retries. `until accepted`: it retries under its Idempotency-Key until the order is accepted.
   * `when refused`: it retries only if the connection was refused, and fails otherwise.
   */
  readonly repeat: 'until accepted' | 'when refused'
  /** If omitted, every request uses its own connection. */
  readonly agent?: Agent
}

const repeatMs = 50

/** Clients that place orders at a constant rate; some orders are declined, some are out of stock. */
export class OrderStream {
  readonly accepted: PlacedOrder[] = []
  /** The results of requests that were not accepted at once: a status, or an error's code. */
  readonly errors: string[] = []
  /** Requests that failed and are not retried. */
  readonly failed: string[] = []
  readonly #options: OrderStreamOptions
  readonly #timer: NodeJS.Timeout
  readonly #running = new Set<Promise<void>>()
  #number = 0
  #abandoned = false

  constructor(options: OrderStreamOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#place(), 1_000 / options.perSecond)
  }

  /** Places no more orders, and resolves when every started request is accepted or has failed. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#running)
  }

  /** Ends the stream without waiting for its clients, after a failed test. */
  abandon(): void {
    clearInterval(this.#timer)
    this.#abandoned = true
  }

  #place(): void {
    this.#number += 1
    const placing: Promise<void> = this.#accept(this.#wanted()).finally(() => this.#running.delete(placing))
    this.#running.add(placing)
  }

  #wanted(): WantedOrder {
    const items = [{ sku: this.#number % 7 === 3 ? 'SIM-NONE' : this.#options.sku, qty: 1 }]
    return { items, amount: this.#number % 7 === 5 ? declinedAmount : 10 }
  }

  async #accept(wanted: WantedOrder): Promise<void> {
    const { shop, repeat, agent } = this.#options
    const key = randomUUID()
    while (!this.#abandoned) {
      const outcome = await shop
        .tryPost(wanted, { key, ...(agent && { agent }) })
        .catch((error: NodeJS.ErrnoException) => error)
      if (!(outcome instanceof Error) && outcome.status === 202) {
        this.accepted.push(outcome.body as PlacedOrder)
        return
      }
      const failure = outcome instanceof Error ? (outcome.code ?? outcome.message) : String(outcome.status)
      this.errors.push(failure)
      if (repeat === 'when refused' && failure !== 'ECONNREFUSED') {
        this.failed.push(failure)
        return
      }
      await pause(repeatMs)
    }
  }
}
