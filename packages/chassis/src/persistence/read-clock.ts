import type { ReadClock } from '../core/clock.ts'
import { type Statement, statement } from './database.ts'

const clock = statement('clock', 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms')

/** Reads the clock of a database, outside transactions. */
export function clockOf(query: (sql: Statement) => Promise<{ readonly ms: number }[]>): ReadClock {
  return async () => {
    const [row] = await query(clock)
    if (row === undefined) throw new Error('the database did not return its time')
    return row.ms
  }
}
