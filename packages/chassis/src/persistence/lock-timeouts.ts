import type { Log } from '../core/log.ts'
import type { ChassisMetrics } from '../core/metrics.ts'
import type { DatabaseOptions } from './database.ts'
import { sessionsInWords } from './lock-wait.ts'

/** Every client chooses its application name: further ones are counted as `other`, so that the label stays bounded. */
const namesCounted = 20

/** Counts and logs lock time-outs with their statement and the session that blocked it. */
export function reportLockTimeouts(
  { lockTimeouts }: ChassisMetrics,
  log: Log,
): NonNullable<DatabaseOptions['onLockTimeout']> {
  const names = new Set<string>()
  return (statement, blockedBy) => {
    const [first] = blockedBy
    const name = first === undefined ? 'unknown' : (first.application ?? first.user ?? 'unnamed')
    if (names.size < namesCounted) names.add(name)
    lockTimeouts.inc({ statement, blocked_by: names.has(name) ? name : 'other' })
    // The first time-out of a transaction knows no session yet: the next ones name it.
    if (first !== undefined) {
      const reason = `lock time-out in statement ${statement}, blocked by ${sessionsInWords(blockedBy)}`
      log.warn({ statement, blockedBy, reason }, 'a statement waits for a lock of another session')
    }
  }
}
