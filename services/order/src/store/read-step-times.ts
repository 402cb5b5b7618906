import { type Database, statement } from '@order-saga/chassis'
import type { Step, StepTimes } from '../domain/explanation.ts'
import { stepTimes } from '../domain/step-times.ts'
import type { HistoryEntry } from './sagas.ts'

// The newest of each end, by the index of status and id, however many others are open or have ended otherwise.
const newestEnded = statement(
  'sagas-newest-ended',
  ['completed', 'cancelled', 'timeout_cancelled']
    .map((status) => `(SELECT history FROM saga_instances WHERE status = '${status}' ORDER BY saga_id DESC LIMIT 200)`)
    .join(' UNION ALL '),
)

/** How long what was read is good enough. */
const keepMs = 10_000

export type UsualTimes = () => Promise<Partial<Record<Step, StepTimes>>>

/**
 * How long each step took in the newest sagas that have ended, the same in every process and after every restart: their
 * histories are the record. Read at most once in ten seconds, on request.
 */
export function usualTimes(database: Pick<Database, 'query'>, now: () => Date): UsualTimes {
  let known: { readonly until: number; readonly times: ReturnType<UsualTimes> } | undefined
  return async () => {
    const at = now().getTime()
    if (known === undefined || known.until <= at) {
      const times = database
        .query<{ history: HistoryEntry[] }>(newestEnded)
        .then((rows) => stepTimes(rows.map(({ history }) => history)))
      known = { until: at + keepMs, times }
      times.catch(() => (known = undefined))
    }
    return await known.times
  }
}
