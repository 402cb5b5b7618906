import { access } from './list/access.ts'
import { events } from './list/events.ts'
import { moneyStockMail } from './list/money-stock-mail.ts'
import { operation } from './list/operation.ts'
import { orders } from './list/orders.ts'
import type { Mutant } from './mutant.ts'

/** At least one for each promise of docs/guarantees.md, in its order. */
export const mutants: readonly Mutant[] = [orders, events, moneyStockMail, access, operation].flatMap((list) =>
  Object.entries(list).flatMap(([promise, changes]) => changes.map((change) => ({ ...change, promise }))),
)
