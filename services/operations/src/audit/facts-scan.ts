import type { FactsReader } from './facts-reader.ts'
import type { OrderFacts } from './order-facts.ts'

const beforeAll = '00000000-0000-0000-0000-000000000000'

/** The rows of one table in the order of their order ids, one page in memory. */
async function* rowsOf<R extends { readonly orderId: string }>(
  load: (after: string, limit: number) => Promise<R[]>,
  pageSize: number,
): AsyncGenerator<R, undefined> {
  for (let after = beforeAll; ;) {
    const page = await load(after, pageSize)
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return undefined
    after = last.orderId
  }
}

/**
 * Every order in any of the three databases, with its rows: a merge of the tables in the order of their ids. Each table is
 * read once, one page in memory.
 */
export async function* scanFacts(reader: FactsReader, pageSize: number): AsyncGenerator<OrderFacts[]> {
  const orders = rowsOf((after, limit) => reader.ordersAfter(after, limit), pageSize)
  const payments = rowsOf((after, limit) => reader.paymentsAfter(after, limit), pageSize)
  const reservations = rowsOf((after, limit) => reader.reservationsAfter(after, limit), pageSize)
  let heads = await Promise.all([orders.next(), payments.next(), reservations.next()])
  let batch: OrderFacts[] = []
  for (;;) {
    // PostgreSQL sorts UUIDs as their text sorts.
    const [orderId] = heads.flatMap(({ value }) => value?.orderId ?? []).toSorted()
    if (orderId === undefined) break
    const own = <R extends { readonly orderId: string }>({ value }: { value: R | undefined }): R | undefined =>
      value?.orderId === orderId ? value : undefined
    const [order, payment, reservation] = heads
    batch.push({ orderId, ...own(order), payment: own(payment), reservation: own(reservation) })
    heads = await Promise.all([
      own(order) ? orders.next() : order,
      own(payment) ? payments.next() : payment,
      own(reservation) ? reservations.next() : reservation,
    ])
    if (batch.length < pageSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
