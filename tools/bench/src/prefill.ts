import type { Client } from 'pg'
import { type Store, stores } from '@order-saga/tests/support/databases'
import { readTemplate } from './read-template.ts'
import type { RowTemplate } from './saga-template.ts'
import type { BenchEnvironment } from './bench-environment.ts'
import { type PrefillSize, type TimeWindow, windowsOf } from './windows.ts'

const batch = 50_000

const instantOf = (ms: string): string =>
  `to_char(to_timestamp((${ms}) / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/**
 * Inserts the rows of sagas $1 to $2 from the template $7. Their window starts with saga $3 at $5 and has $4 sagas in $6 ms.
 * Ids derive from the number of the saga and its time, so that they are the same in all databases.
 */
const insertInto = (table: string): string =>
  `INSERT INTO ${table} SELECT made.* FROM generate_series($1::bigint, $2::bigint) AS n,
     LATERAL (SELECT $5::bigint + (n - $3::bigint) * $6::bigint / $4::bigint AS ms, md5(n::text) AS digits) AS saga,
     LATERAL (SELECT lpad(to_hex(ms), 12, '0') AS hex) AS made_at,
     LATERAL jsonb_populate_record(NULL::${table}, format($7::text,
       left(hex, 8) || '-' || right(hex, 4), '8' || left(digits, 3) || '-' || right(digits, 12),
       ${instantOf('ms')}, ${instantOf('ms + 90000')})::jsonb) AS made`

/** The stock of all prefilled orders is shipped. */
const shipped = 'UPDATE stock SET shipped = shipped + $2, received = received + $2 WHERE sku = $1'

/**
 * Fills the tables of all three databases with copies of the latest confirmed saga under other ids and at other times. The
 * system must be at rest.
 */
export async function prefill(environment: BenchEnvironment, size: PrefillSize): Promise<void> {
  const { system, sku, say } = environment
  const template = await readTemplate(system.databases)
  const sessions = {} as Record<Store, Client>
  try {
    for (const store of stores) sessions[store] = await system.databases.session(store)
    for (const window of windowsOf(size, new Date())) {
      for (let from = window.first; from < window.first + window.count; from += batch) {
        const to = Math.min(from + batch, window.first + window.count)
        const fill = async (store: Store): Promise<void> => {
          const { state, messaging } = template[store]
          const rows = window.withMessages ? [...state, ...messaging] : state
          await inTransaction(sessions[store], async (session) => {
            await insert(session, rows, window, from, to)
            if (store === 'inventory') await session.query(shipped, [sku, to - from])
          })
        }
        await Promise.all(stores.map(fill))
        say(`  ${to.toLocaleString('en')} of ${size.orders.toLocaleString('en')} orders inserted`)
      }
    }
  } finally {
    await Promise.all(Object.values(sessions).map((session) => session.end()))
  }
  await environment.runMaintenance()
}

async function insert(
  session: Client,
  rows: readonly RowTemplate[],
  { first, count, fromMs, toMs }: TimeWindow,
  from: number,
  to: number,
): Promise<void> {
  for (const { table, text } of rows) {
    await session.query(insertInto(table), [from, to - 1, first, count, fromMs, toMs - fromMs, text])
  }
}

async function inTransaction(session: Client, work: (session: Client) => Promise<void>): Promise<void> {
  await session.query('BEGIN')
  try {
    await work(session)
    await session.query('COMMIT')
  } catch (error) {
    await session.query('ROLLBACK')
    throw error
  }
}
