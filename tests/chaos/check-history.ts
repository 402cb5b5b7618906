import { checkMails } from './checks/mails.ts'
import { checkMoney } from './checks/money.ts'
import { checkAnswers } from './checks/answers.ts'
import { checkDeadLetters } from './checks/dead-letters.ts'
import { checkDoubles } from './checks/doubles.ts'
import { checkGhosts } from './checks/ghosts.ts'
import { checkLosses } from './checks/losses.ts'
import { checkStock } from './checks/stock.ts'
import { checkStuck } from './checks/stuck.ts'
import type { History } from './history.ts'

/** What is wrong, one sentence each; empty when the promise was kept. */
export type Check = (history: History) => string[]

export const checks = {
  lost: { promise: 'an accepted order is there, and each event had its effect', check: checkLosses },
  double: { promise: 'no order, charge, refund, event or outcome twice', check: checkDoubles },
  ghost: { promise: 'nothing that nobody asked for', check: checkGhosts },
  stuck: { promise: 'everything has come to its end', check: checkStuck },
  'unbalanced money': { promise: 'confirmed: paid once; cancelled: nothing kept', check: checkMoney },
  'unbalanced stock': { promise: 'confirmed: shipped once; cancelled: nothing held', check: checkStock },
  'wrong answer': { promise: 'only 202, 409 and 503 with Retry-After; the API says what is so', check: checkAnswers },
  'missing e-mail': { promise: 'each outcome was told, at least once', check: checkMails },
  'dead letter': { promise: 'only what was injected was given up', check: checkDeadLetters },
  'ended process': { promise: 'no service ended unasked, none overstayed', check: ({ ends }) => [...ends] },
  'audit finding': { promise: "the product's own audit is clean", check: ({ audit }) => [...audit] },
} as const satisfies Record<string, { promise: string; check: Check }>

export type CheckName = keyof typeof checks
export const checkNames = Object.keys(checks) as CheckName[]

export type Verdict = Readonly<Record<CheckName, readonly string[]>>

/** Judges a run by its history alone: nothing here asks a running system. */
export function checkHistory(history: History): Verdict {
  return Object.fromEntries(checkNames.map((name) => [name, checks[name].check(history)])) as unknown as Verdict
}

export const isClean = (verdict: Verdict): boolean => checkNames.every((name) => verdict[name].length === 0)
