/** How strict and how patient the audit is. Durations are milliseconds. */
export interface AuditOptions {
  /** What looks wrong is looked at again this much later; only what has not moved meanwhile is judged. */
  readonly settleMs?: number
  /** How long after it was due a thing may still be on its way: deadline check, delivery, all retries. */
  readonly toleranceMs?: number
  /** What the services are configured with: what is older has been removed and cannot be missed. */
  readonly outboxRetentionMs?: number
  readonly inboxRetentionMs?: number
  /** Dead letters, and parked events, that are known and accepted. */
  readonly allowDeadLetters?: number
  readonly allowParkedEvents?: number
  /** Ids named per kind of violation. */
  readonly idsShown?: number
  /** Longest one statement may run. */
  readonly statementTimeoutMs?: number
  /** Rows held in memory per table. */
  readonly pageSize?: number
  /** Suspects held in memory; more are settled in several goes. */
  readonly suspectLimit?: number
  readonly now?: () => Date
  readonly pause?: (ms: number) => Promise<void>
}

export type ResolvedOptions = Readonly<Required<AuditOptions>>

export const defaultOptions = {
  settleMs: 5_000,
  toleranceMs: 90_000,
  outboxRetentionMs: 86_400_000,
  inboxRetentionMs: 7 * 86_400_000,
  allowDeadLetters: 0,
  allowParkedEvents: 0,
  idsShown: 20,
  statementTimeoutMs: 60_000,
  pageSize: 2_000,
  suspectLimit: 20_000,
} as const

/** Times a suspect is looked at again before it is left as unsettled. */
export const rechecks = 4

/** Clocks of two machines, and a clean-up that runs during the audit, may differ by this much. */
export const clockSlackMs = 60_000

export function resolveOptions(options: AuditOptions): ResolvedOptions {
  return {
    ...defaultOptions,
    now: () => new Date(),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    ...options,
  }
}
