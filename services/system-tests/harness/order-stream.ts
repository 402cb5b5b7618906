import { waitUntil } from '@order-saga/local'
import type { Accepted, RunningSystem } from './running-system.ts'

const kinds = [{}, {}, {}, { customerEmail: 'decline@example.com' }, { items: [{ sku: 'SIM-NONE', qty: 1 }] }] as const

/** Orders of all kinds posted one after the other by a few clients, until it is ended. */
export class OrderStream {
  readonly accepted: Accepted[] = []
  /** Answers other than 202, by status; 0 is a connection that was refused or cut. */
  readonly refused = new Map<number, number>()
  readonly #system: RunningSystem
  readonly #clients: Promise<void>[]
  #ended = false

  constructor(system: RunningSystem, clients = 4) {
    this.#system = system
    this.#clients = Array.from({ length: clients }, (_, i) => this.#post(i))
  }

  /** Waits until so many more orders have been accepted. */
  async more(count: number): Promise<void> {
    const wanted = this.accepted.length + count
    await waitUntil(() => this.accepted.length >= wanted, {
      what: `${count} more orders to be accepted`,
      limitMs: 60_000,
      state: () => [...this.refused],
    })
  }

  async end(): Promise<Accepted[]> {
    this.#ended = true
    await Promise.all(this.#clients)
    return this.accepted
  }

  async #post(client: number): Promise<void> {
    for (let i = client; !this.#ended; i += 1) {
      const { status, body } = await this.#system.post(kinds[i % kinds.length])
      if (status === 202) this.accepted.push(body as Accepted)
      else this.refused.set(status, (this.refused.get(status) ?? 0) + 1)
      await new Promise((resolve) => setTimeout(resolve, status === 202 ? 5 : 50))
    }
  }
}
