import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer } from '../../support/call.ts'
import type { Shop, WantedOrder } from '../../support/shop.ts'

/** How long a client waits after it was turned away. It is told to wait longer and does not listen. */
const rudePauseMs = 50

/** Clients that place one order after the other, each as soon as the one before is answered, and never mind a refusal. */
export class Flood {
  /** How often each answer came: a status, or an error's code. */
  readonly answers = new Map<string, number>()
  /** Answers with 503 that did not say when to come again. */
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

  count(answer: string): number {
    return this.answers.get(answer) ?? 0
  }

  /** Resolves when the last answers have come. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#clients)
    this.#agent.destroy()
  }

  async #client(): Promise<void> {
    while (!this.#stopped) {
      const answer = await this.#shop
        .tryPost(this.#wanted(), { key: randomUUID(), agent: this.#agent })
        .catch((error: NodeJS.ErrnoException) => error.code ?? error.name)
      const name = typeof answer === 'string' ? answer : String(answer.status)
      this.answers.set(name, this.count(name) + 1)
      if (name === '202') continue
      if (typeof answer !== 'string' && !saysWhen(answer)) this.withoutRetryAfter += 1
      await pause(rudePauseMs)
    }
  }
}

function saysWhen({ headers }: Answer): boolean {
  return /^[1-9]\d*$/.test(String(headers['retry-after']))
}
