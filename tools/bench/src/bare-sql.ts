import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Pool, type PoolClient } from 'pg'
import type { PostgresServer } from '@order-saga/dev'

/** One transaction of the saga: statements over arrays of ids, sent in one round trip with BEGIN and COMMIT. */
interface Step {
  readonly store: 'order' | 'payment' | 'inventory'
  readonly statements: readonly string[]
}

const publish = `INSERT INTO outbox (event_id, saga_id, payload) SELECT gen_random_uuid(), id, $2 FROM unnest($1::uuid[]) id`
const marked = `UPDATE outbox SET published_at = now() WHERE saga_id = ANY($1::uuid[]) AND published_at IS NULL AND $2::jsonb IS NOT NULL`
const claim = `INSERT INTO inbox (event_id, at) SELECT gen_random_uuid(), now() FROM unnest($1::uuid[]) WHERE $2::jsonb IS NOT NULL`
const insert = (table: string): string =>
  `INSERT INTO ${table} (id, status, data) SELECT id, 'new', $2 FROM unnest($1::uuid[]) id`
const update = (table: string): string =>
  `UPDATE ${table} SET status = 'next', data = $2, version = version + 1 WHERE id = ANY($1::uuid[])`

/**
 * The transactions of a confirmed order in three databases, as a choreography has to group them: each change with its
 * inbox and outbox rows, and the publication markers separately.
 */
const saga: readonly Step[] = [
  { store: 'order', statements: [insert('orders'), insert('sagas'), publish] },
  { store: 'order', statements: [marked] },
  // The intent of the charge.
  { store: 'payment', statements: [insert('payments')] },
  { store: 'payment', statements: [update('payments'), claim, publish] },
  { store: 'payment', statements: [marked] },
  { store: 'order', statements: [update('sagas'), claim] },
  { store: 'inventory', statements: [insert('reservations'), claim, publish] },
  { store: 'inventory', statements: [marked] },
  { store: 'order', statements: [update('sagas'), update('orders'), claim, publish] },
  { store: 'order', statements: [marked] },
  { store: 'inventory', statements: [update('reservations'), claim] },
]
const payload = JSON.stringify({
  customerEmail: 'load@example.com',
  items: [{ sku: 'SKU-1', qty: 1 }],
  more: 'x'.repeat(200),
})
const tables = ['orders', 'sagas', 'payments', 'reservations']
const warmUpMs = 2_000

/**
 * Measures the throughput of PostgreSQL alone: the durable transactions of sagas without broker, services or checks.
 * @param sessions concurrent sequences of transactions
 * @param perTransaction sagas per transaction
 * @returns sagas per second
 */
export async function measureBareSql(
  server: PostgresServer,
  { seconds, sessions, perTransaction }: { seconds: number; sessions: number; perTransaction: number },
): Promise<number> {
  const suffix = randomUUID().slice(0, 8)
  const stores = ['order', 'payment', 'inventory'] as const
  const made = await Promise.all(
    stores.map(async (store) => {
      const url = await server.createDatabase(`bare_${store}_${suffix}`)
      const pool = new Pool({ connectionString: url, max: sessions, ...({ pipeline: true } as object) })
      // A connection may report an error when its database is dropped.
      pool.on('error', () => undefined)
      await pool.query(
        tables
          .map(
            (table) =>
              `CREATE TABLE ${table} (id uuid PRIMARY KEY, status text, data jsonb, version integer DEFAULT 1) WITH (fillfactor = 70);`,
          )
          .concat(
            'CREATE TABLE outbox (event_id uuid PRIMARY KEY, saga_id uuid, payload jsonb, published_at timestamptz) WITH (fillfactor = 70);',
            'CREATE INDEX ON outbox (saga_id) WHERE published_at IS NULL;',
            'CREATE TABLE inbox (event_id uuid PRIMARY KEY, at timestamptz);',
          )
          .join('\n'),
      )
      return [store, pool] as const
    }),
  )
  const pools = Object.fromEntries(made) as Record<(typeof stores)[number], Pool>
  let done = 0
  const stop = new AbortController()
  const runSagas = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const ids = Array.from({ length: perTransaction }, () => randomUUID())
      for (const step of saga) await transact(pools[step.store], step.statements, [ids, payload])
      done += perTransaction
    }
  }
  const running = Promise.all(Array.from({ length: sessions }, runSagas))
  try {
    await Promise.race([running, pause(warmUpMs)])
    const [before, begun] = [done, performance.now()]
    await Promise.race([running, pause(seconds * 1_000)])
    return (done - before) / ((performance.now() - begun) / 1_000)
  } finally {
    stop.abort()
    await running
    for (const [store, pool] of made) {
      await pool.end()
      await dropDatabase(server, `bare_${store}_${suffix}`)
    }
  }
}

async function transact(pool: Pool, statements: readonly string[], values: unknown[]): Promise<void> {
  const client: PoolClient = await pool.connect()
  try {
    // Pipelined: one round trip.
    await Promise.all([
      client.query('BEGIN'),
      ...statements.map((text) => client.query({ name: nameOf(text), text, values })),
      client.query('COMMIT'),
    ])
  } finally {
    client.release()
  }
}

const names = new Map<string, string>()

/** The name of the prepared statement. */
function nameOf(text: string): string {
  const name = names.get(text) ?? `bare-${names.size}`
  names.set(text, name)
  return name
}

export async function dropDatabase(server: PostgresServer, name: string): Promise<void> {
  const pool = new Pool({ connectionString: server.url(), max: 1 })
  await pool.query(`DROP DATABASE ${name} WITH (FORCE)`)
  await pool.end()
}
