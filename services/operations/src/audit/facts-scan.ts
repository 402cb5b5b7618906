import type { FactsReader } from './facts-reader.ts'
import type { OrderFacts } from './order-facts.ts'

const beforeAll = '00000000-0000-0000-0000-000000000000'

/** One table in the order of its order ids, one page in memory. */
class Pages<R extends { readonly orderId: string }> {
  readonly #load: (after: string, limit: number) => Promise<R[]>
  readonly #size: number
  #rows: readonly R[] = []
  #at = 0
  #after = beforeAll
  #ended = false

  constructor(load: (after: string, limit: number) => Promise<R[]>, size: number) {
    this.#load = load
    this.#size = size
  }

  get needsPage(): boolean {
    return this.#at === this.#rows.length && !this.#ended
  }

  get head(): R | undefined {
    return this.#rows[this.#at]
  }

  async nextPage(): Promise<void> {
    if (!this.needsPage) return
    this.#rows = await this.#load(this.#after, this.#size)
    this.#at = 0
    this.#ended = this.#rows.length < this.#size
    this.#after = this.#rows.at(-1)?.orderId ?? this.#after
  }

  /** Removes and returns the head if it belongs to this order. */
  take(orderId: string): R | undefined {
    const row = this.#rows[this.#at]
    if (row?.orderId !== orderId) return undefined
    this.#at += 1
    return row
  }
}

/**
 * Every order in any of the three databases, with its rows: a merge of the tables in the order of their ids. Each table is
 * read once, one page in memory.
 */
export async function* scanFacts(reader: FactsReader, pageSize: number): AsyncGenerator<OrderFacts[]> {
  const orders = new Pages((after, limit) => reader.ordersAfter(after, limit), pageSize)
  const payments = new Pages((after, limit) => reader.paymentsAfter(after, limit), pageSize)
  const reservations = new Pages((after, limit) => reader.reservationsAfter(after, limit), pageSize)
  let batch: OrderFacts[] = []
  for (;;) {
    if (orders.needsPage || payments.needsPage || reservations.needsPage) {
      await Promise.all([orders.nextPage(), payments.nextPage(), reservations.nextPage()])
    }
    const orderId = least(orders.head?.orderId, payments.head?.orderId, reservations.head?.orderId)
    if (orderId === undefined) break
    batch.push({
      orderId,
      ...orders.take(orderId),
      payment: payments.take(orderId),
      reservation: reservations.take(orderId),
    })
    if (batch.length === pageSize) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

/** PostgreSQL sorts UUIDs as their text sorts. */
function least(...ids: (string | undefined)[]): string | undefined {
  let smallest: string | undefined
  for (const id of ids) if (id !== undefined && (smallest === undefined || id < smallest)) smallest = id
  return smallest
}
