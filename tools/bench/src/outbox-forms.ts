import { randomBytes } from 'node:crypto'
import { migrate } from '@order-saga/chassis'
import { type PostgresServer, testServers } from '@order-saga/dev'
import { Client } from 'pg'
import { v7 as newId } from 'uuid'
import { dropDatabase } from './bare-sql.ts'
import { usageOf } from './machine.ts'

export interface OutboxFormsOptions {
  /** Written, marked and cleaned up in each form. */
  readonly events: number
  /** How often each form is measured; a machine that is slow for a while is so for some of all. */
  readonly rounds: number
}

/** A shape that the table of events could have. */
interface Form {
  readonly name: string
  /** What makes it of the table as it is. */
  readonly change: readonly string[]
  readonly append: readonly string[]
  readonly mark: readonly string[]
  /** Those it writes to. */
  readonly tables: string
  /** Of all events, when they are old. */
  readonly cleanUp: 'by batches' | 'nothing is left' | 'drop the partitions'
}

/** What one event costs PostgreSQL, from its insertion until it is gone: means over all rounds. */
export interface FormCosts {
  readonly name: string
  /** CPU time in µs of all of the server. */
  readonly append: number
  readonly mark: number
  /** With the vacuum, which comes to the same blocks again and again while events are young. */
  readonly cleanUp: number
  readonly walBytes: number
  /** Marks that left the indexes alone, of all. */
  readonly hotShare: number
}

const appended = 20
const marked = 200
const cleaned = 1_000
const body = JSON.stringify({ orderId: newId(), customerEmail: 'somebody@example.com', more: 'x'.repeat(300) })

const insert = `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload, created_at, lease_until)
  SELECT id, id, id, 'order.created', '${body}', now(), now() + interval '5 seconds' FROM unnest($1::uuid[]) AS id`
const update = 'UPDATE events SET published_at = now() WHERE event_id = ANY($1::uuid[]) AND published_at IS NULL'
const cleanUp = `DELETE FROM events WHERE ctid = ANY(ARRAY(SELECT ctid FROM events WHERE created_at < now() LIMIT ${cleaned}))`
const noPendingIndex = 'DROP INDEX events_pending'
const room = 'ALTER TABLE events SET (fillfactor = 50)'
const partitions = 24

/** As many as the hours for which events are kept, by the time in their ids; those that are measured go to the first. */
const partitioned = [
  'ALTER TABLE events RENAME TO whole',
  'CREATE TABLE events (LIKE whole INCLUDING DEFAULTS) PARTITION BY RANGE (event_id)',
  'ALTER TABLE events ADD PRIMARY KEY (event_id)',
  'CREATE INDEX ON events (lease_until) WHERE published_at IS NULL AND parked_at IS NULL',
  'CREATE INDEX ON events (parked_at) WHERE parked_at IS NOT NULL',
  'CREATE INDEX ON events (saga_id)',
  ...Array.from({ length: partitions }, (_, i) => {
    const from = i === 0 ? 'MINVALUE' : `'f${i.toString(16).padStart(7, '0')}-0000-7000-8000-000000000000'`
    const to =
      i === partitions - 1 ? 'MAXVALUE' : `'f${(i + 1).toString(16).padStart(7, '0')}-0000-7000-8000-000000000000'`
    return `CREATE TABLE events_${i} PARTITION OF events FOR VALUES FROM (${from}) TO (${to})`
  }),
]

export const forms: readonly Form[] = [
  { name: 'as it is', change: [], append: [insert], mark: [update], tables: 'events', cleanUp: 'by batches' },
  {
    name: 'room on each page',
    change: [room],
    append: [insert],
    mark: [update],
    tables: 'events',
    cleanUp: 'by batches',
  },
  {
    name: 'room, and no index of what is pending (HOT)',
    change: [noPendingIndex, room],
    append: [insert],
    mark: [update],
    tables: 'events',
    cleanUp: 'by batches',
  },
  {
    name: 'what is pending in a table of its own',
    change: [noPendingIndex, 'CREATE TABLE pending (event_id uuid PRIMARY KEY, lease_until timestamptz NOT NULL)'],
    append: [insert, `INSERT INTO pending SELECT id, now() FROM unnest($1::uuid[]) AS id`],
    mark: ['DELETE FROM pending WHERE event_id = ANY($1::uuid[])'],
    tables: 'events, pending',
    cleanUp: 'by batches',
  },
  {
    name: 'a mark deletes',
    change: [],
    append: [insert],
    mark: ['DELETE FROM events WHERE event_id = ANY($1::uuid[])'],
    tables: 'events',
    cleanUp: 'nothing is left',
  },
  {
    name: `${partitions} partitions by time`,
    change: partitioned,
    append: [insert],
    mark: [update],
    tables: 'events',
    cleanUp: 'drop the partitions',
  },
]

/** Measures what events cost in each form of their table, on a database of its own. */
export async function outboxForms(
  { events, rounds }: OutboxFormsOptions,
  say: (line: string) => void,
): Promise<FormCosts[]> {
  const server = await testServers().postgres()
  const all = forms.map((): FormCosts[] => [])
  for (let round = 1; round <= rounds; round += 1) {
    for (const [i, form] of forms.entries()) {
      say(`round ${round} of ${rounds}: ${form.name}`)
      all[i]?.push(await measure(server, form, events))
    }
  }
  return forms.map(({ name }, i) => meanOf(name, all[i] ?? []))
}

async function measure(server: PostgresServer, form: Form, count: number): Promise<FormCosts> {
  const name = `outbox_${randomBytes(4).toString('hex')}`
  await server.createDatabase(name)
  const { port, user, password } = server
  try {
    await migrate({ host: '127.0.0.1', port, name, user, password, caFile: '' }, 'order', () => undefined)
    const client = new Client({ connectionString: server.url(name) })
    await client.connect()
    try {
      // As the services have it, and no plan is made anew for what the tables have grown.
      for (const text of ['SET enable_seqscan = off', 'SET plan_cache_mode = force_generic_plan', ...form.change]) {
        await client.query(text)
      }
      await client.query('CHECKPOINT')
      return await lifeOf(form, count, client, server)
    } finally {
      await client.end()
    }
  } finally {
    await dropDatabase(server, name)
  }
}

async function lifeOf(form: Form, count: number, client: Client, server: PostgresServer): Promise<FormCosts> {
  const ids = Array.from({ length: count }, () => newId())
  const walBefore = await walBytes(client)
  const spent = async (work: () => Promise<void>): Promise<number> => {
    const before = await cpuMs(server)
    await work()
    return ((await cpuMs(server)) - before) * (1_000 / count)
  }
  const append = await spent(() => byBatches(client, ids, appended, form.append))
  const mark = await spent(() => byBatches(client, ids, marked, form.mark))
  const hotShare = await hotShareOf(client)
  const gone = await spent(async () => {
    if (form.cleanUp === 'by batches') {
      for (let left = count; left > 0; left -= cleaned) await client.query({ name: 'clean-up', text: cleanUp })
    }
    if (form.cleanUp === 'drop the partitions') await client.query(`DROP TABLE ${form.tables}`)
    else await client.query(`VACUUM ${form.tables}`)
  })
  if (form.cleanUp !== 'drop the partitions') await assertEmpty(client, form)
  return {
    name: form.name,
    append,
    mark,
    cleanUp: gone,
    walBytes: ((await walBytes(client)) - walBefore) / count,
    hotShare,
  }
}

async function assertEmpty(client: Client, { name }: Form): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM events LIMIT 1')
  if (rowCount !== 0) throw new Error(`In the form "${name}" events are left after the clean-up.`)
}

async function byBatches(
  client: Client,
  ids: readonly string[],
  size: number,
  statements: readonly string[],
): Promise<void> {
  for (let from = 0; from < ids.length; from += size) {
    const values = [ids.slice(from, from + size)]
    await client.query('BEGIN')
    for (const text of statements) await client.query({ name: text.slice(0, 50), text, values })
    await client.query('COMMIT')
  }
}

async function walBytes(client: Client): Promise<number> {
  const { rows } = await client.query<{ at: number }>(`SELECT (pg_current_wal_lsn() - '0/0')::float8 AS at`)
  return rows[0]?.at ?? Number.NaN
}

async function hotShareOf(client: Client): Promise<number> {
  // The session tells of its updates no more than once in a second unless it is asked to.
  await client.query('SELECT pg_stat_force_next_flush()')
  const { rows } = await client.query<{ share: number | null }>(
    "SELECT sum(n_tup_hot_upd)::float8 / nullif(sum(n_tup_upd), 0) AS share FROM pg_stat_user_tables WHERE relname LIKE 'events%'",
  )
  return rows[0]?.share ?? 0
}

async function cpuMs(server: PostgresServer): Promise<number> {
  const usage = await usageOf([{ name: 'PostgreSQL', pid: server.pid ?? 0, withChildren: true }])
  return usage['PostgreSQL']?.cpuMs ?? Number.NaN
}

function meanOf(name: string, all: readonly FormCosts[]): FormCosts {
  const mean = (field: Exclude<keyof FormCosts, 'name'>): number =>
    all.reduce((sum, costs) => sum + costs[field], 0) / all.length
  return {
    name,
    append: mean('append'),
    mark: mean('mark'),
    cleanUp: mean('cleanUp'),
    walBytes: mean('walBytes'),
    hotShare: mean('hotShare'),
  }
}

/** CPU of an event, all its life. */
export const lifeCosts = ({ append, mark, cleanUp: gone }: FormCosts): number => append + mark + gone
