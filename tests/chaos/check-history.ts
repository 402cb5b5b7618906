import { checkMails } from './checks/mails.ts'
import { checkMoney } from './checks/money.ts'
import { checkResponses } from './checks/responses.ts'
import { checkDeadLetters } from './checks/dead-letters.ts'
import { checkDuplicates } from './checks/duplicates.ts'
import { checkOrphans } from './checks/orphans.ts'
import { checkLosses } from './checks/losses.ts'
import { checkStock } from './checks/stock.ts'
import { checkStuck } from './checks/stuck.ts'
import type { History } from './history.ts'

/** Returns one sentence per violation. */
export type Check = (history: History) => string[]

export const checks = {
  lost: { promise: 'each accepted order exists, each event had its effect', check: checkLosses },
  duplicated: { promise: 'no duplicated order, charge, refund, event or outcome', check: checkDuplicates },
  orphaned: { promise: 'no record without a request', check: checkOrphans },
  stuck: { promise: 'every order, payment, reservation and message is completed', check: checkStuck },
  'unbalanced money': { promise: 'confirmed: charged once; cancelled: refunded', check: checkMoney },
  'unbalanced stock': { promise: 'confirmed: shipped once; cancelled: released', check: checkStock },
  'wrong response': {
    promise: 'only 202, 409 and 503 with Retry-After; the API returns the status',
    check: checkResponses,
  },
  'missing e-mail': { promise: 'each outcome was mailed, at least once', check: checkMails },
  'dead letter': { promise: 'only injected messages are dead-lettered', check: checkDeadLetters },
  'unexpected exit': { promise: 'no service exited unexpectedly or late', check: ({ exits }) => [...exits] },
  'audit finding': {
    promise: 'the audit is clean, and no event violated the protocol',
    check: ({ audit }) => [...audit],
  },
} as const satisfies Record<string, { promise: string; check: Check }>

export type CheckName = keyof typeof checks
export const checkNames = Object.keys(checks) as CheckName[]

export type Verdict = Readonly<Record<CheckName, readonly string[]>>

/** Evaluates a run by its history alone, without access to a running system. */
export function checkHistory(history: History): Verdict {
  return Object.fromEntries(checkNames.map((name) => [name, checks[name].check(history)])) as unknown as Verdict
}

export const isClean = (verdict: Verdict): boolean => checkNames.every((name) => verdict[name].length === 0)
