/** Defaults of the audit, in milliseconds; audit-config.ts describes the settings. */
export const defaultOptions = {
  settleMs: 5_000,
  toleranceMs: 90_000,
  /** The retention periods of the services. The audit expects no rows that are older. */
  outboxRetentionMs: 86_400_000,
  inboxRetentionMs: 7 * 86_400_000,
  allowDeadLetters: 0,
  allowParkedEvents: 0,
  idsShown: 20,
  statementTimeoutMs: 60_000,
  pageSize: 2_000,
  /** Suspects held in memory; when reached, they are checked before the scan continues. */
  suspectLimit: 20_000,
} as const

export interface ResolvedOptions extends Readonly<Record<keyof typeof defaultOptions, number>> {
  readonly now: () => Date
  readonly pause: (ms: number) => Promise<void>
}

export type AuditOptions = Partial<ResolvedOptions>

/** Maximum checks of a suspect before it is reported as unsettled. */
export const rechecks = 4

/** Tolerates clock differences between the databases and a clean-up during the audit. */
export const clockSlackMs = 60_000

/** @param now the time unless `options` has one */
export function resolveOptions(options: AuditOptions, now: () => Date): ResolvedOptions {
  return {
    ...defaultOptions,
    now,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    ...options,
  }
}
