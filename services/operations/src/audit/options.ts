/** Durations are milliseconds. */
export interface AuditOptions {
  /** Time between two reads of a suspected violation. */
  readonly settleMs?: number
  /** Allowed delay of a deadline check, a delivery, or all retries. */
  readonly toleranceMs?: number
  /** The retention periods of the services. The audit expects no rows that are older. */
  readonly outboxRetentionMs?: number
  readonly inboxRetentionMs?: number
  /** Accepted numbers of dead letters and parked events. */
  readonly allowDeadLetters?: number
  readonly allowParkedEvents?: number
  /** Ids named per kind of violation. */
  readonly idsShown?: number
  readonly statementTimeoutMs?: number
  /** Rows held in memory per table. */
  readonly pageSize?: number
  /** Suspects held in memory; when reached, they are checked before the scan continues. */
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

/** Maximum checks of a suspect before it is reported as unsettled. */
export const rechecks = 4

/** Tolerates clock differences between machines and a clean-up during the audit. */
export const clockSlackMs = 60_000

export function resolveOptions(options: AuditOptions): ResolvedOptions {
  return {
    ...defaultOptions,
    now: () => new Date(),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    ...options,
  }
}
