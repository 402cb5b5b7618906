import { checkAnnouncements } from './checks/announcements.ts'
import { checkFinality } from './checks/finality.ts'
import { checkMoney } from './checks/money.ts'
import { checkOneOutcome } from './checks/one-outcome.ts'
import { checkProviderBooks } from './checks/provider-books.ts'
import { checkStock } from './checks/stock.ts'
import type { Finding, JudgeContext, OrderCheck } from './finding.ts'
import type { OrderFacts } from './order-facts.ts'

const orderChecks: readonly OrderCheck[] = [
  checkFinality,
  checkOneOutcome,
  checkMoney,
  checkProviderBooks,
  checkStock,
  checkAnnouncements,
]

/** All that is wrong with one order. Pure. */
export function judge(facts: OrderFacts, context: JudgeContext): Finding[] {
  return orderChecks.flatMap((check) => check(facts, context))
}
