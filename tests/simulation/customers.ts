import { createHash } from 'node:crypto'
import type { ClientAnswer } from '@order-saga/operations'
import { newOrderOf, type OrderWish } from '../../services/order/src/new-order.ts'
import type { Chance } from './chance.ts'
import type { Pod } from './pods.ts'
import { running, type VirtualTime } from './virtual-time.ts'

/** Ordered within this time, in milliseconds. */
const rushMs = 6_000
const requestTimeoutMs = 3_000
const retryMs = 500

export const scarce = { sku: 'SCARCE', available: 4 }
export const plenty = { sku: 'PLENTY', available: 100_000 }

/** One order and the responses that the customer received. */
export interface Placed {
  readonly wish: OrderWish
  readonly key: string
  readonly answers: ClientAnswer[]
}

/** Customers who order once each, and repeat their request under the same key until they have an answer. */
export class Customers {
  readonly placed: Placed[]
  readonly #chance: Chance
  readonly #time: VirtualTime
  readonly #pods: () => readonly Pod[]
  #waiting: number

  constructor(count: number, chance: Chance, time: VirtualTime, pods: () => readonly Pod[]) {
    this.#chance = chance
    this.#time = time
    this.#pods = pods
    this.#waiting = count
    this.placed = Array.from({ length: count }, (_, i) => ({ wish: this.#wish(i), key: `key ${i}`, answers: [] }))
  }

  get allAnswered(): boolean {
    return this.#waiting === 0
  }

  get answers(): ClientAnswer[] {
    return this.placed.flatMap(({ answers }) => answers)
  }

  start(): void {
    for (const placed of this.placed) this.#time.after(this.#chance.below(rushMs), () => void this.#order(placed))
  }

  #wish(number: number): OrderWish {
    const kind = this.#chance.next()
    const sku = kind < 0.15 ? 'SIM-NONE' : kind < 0.4 ? scarce.sku : plenty.sku
    const customerEmail = this.#chance.next() < 0.15 ? 'decline@example.com' : 'customer@example.com'
    return { customerEmail, items: [{ sku, qty: 1 + this.#chance.below(2) }], amount: number + 1 }
  }

  async #order(placed: Placed): Promise<void> {
    for (;;) {
      const answer = await this.#ask(placed)
      if (answer !== undefined) {
        placed.answers.push(answer)
        // 10 % of the responses are lost, and the customer retries.
        if (this.#chance.next() > 0.1) break
      }
      await new Promise<void>((resolve) => void this.#time.after(retryMs, resolve))
    }
    this.#waiting -= 1
  }

  /** @returns undefined when there was no answer in time, or none that accepts the order */
  async #ask({ wish, key }: Placed): Promise<ClientAnswer | undefined> {
    const pods = this.#pods().filter(({ accept }) => accept !== undefined)
    if (pods.length === 0) return undefined
    const pod = this.#chance.of(pods)
    const order = newOrderOf(wish)
    if ('field' in order) throw new Error(order.message)
    const fingerprint = createHash('sha256').update(JSON.stringify(wish)).digest()
    return await new Promise((resolve) => {
      this.#time.after(requestTimeoutMs, () => resolve(undefined))
      void running.run(pod, async () => {
        try {
          const result = await pod.accept?.({ order, idempotency: { key, fingerprint } })
          if (result?.kind !== 'accepted') return
          const { orderId, sagaId } = result
          resolve({ at: this.#time.now.toISOString(), status: 202, orderId, sagaId, idempotencyKey: key })
        } catch {
          // 503: retry later.
        }
      })
    })
  }
}
