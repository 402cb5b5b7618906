import { messageOf } from '../core/errors.ts'
import { Client, type ClientBase, type ClientConfig } from './pg.ts'
import { isDatabaseUnavailable, sqlState, UnusableSession } from './sql-errors.ts'

/** PostgreSQL's parameters by name. Times are in milliseconds, 0 for no limit. */
export type SessionSettings = Readonly<Record<string, string | number>>

/**
 * The settings that the code relies on, regardless of ALTER ROLE, ALTER DATABASE and the server's configuration: PostgreSQL's
 * defaults, except that UTC is the time zone and temporary tables hide no table.
 */
const commonSession: SessionSettings = {
  statement_timeout: 0,
  lock_timeout: 0,
  idle_in_transaction_session_timeout: 0,
  idle_session_timeout: 0,
  search_path: 'public, pg_temp',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: 1,
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  row_security: 'on',
  check_function_bodies: 'on',
  client_min_messages: 'notice',
  exit_on_error: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
}

/** Left as they are where they are one of these values; otherwise they become the first. */
const accepted: Readonly<Record<string, readonly string[]>> = {
  // A weaker commit is lost in a crash of the server or of a synchronous standby, after the client was answered.
  synchronous_commit: ['on', 'remote_apply'],
  // Only a superuser may set it, so only a superuser can have changed it.
  session_replication_role: ['origin'],
}

/** Since PostgreSQL 17. */
const sinceLater: SessionSettings = { transaction_timeout: 0 }

const poolerRemedy = 'set its pool_mode to session, or connect to PostgreSQL directly'
/** Errors of a prepared statement that is on another server session, or already on this one. */
const preparedElsewhere = ['26000', '42P05']

const established = new WeakMap<ClientBase, Readonly<Record<string, string>>>()

/**
 * Sets the session of a new connection, in one round trip.
 * @param limitMs time limit of the response
 * @throws UnusableSession when the server refuses a setting
 */
export async function establishSession(client: ClientBase, settings: SessionSettings, limitMs: number): Promise<void> {
  const wanted = { ...commonSession, ...settings }
  const sql = [...Object.entries(wanted).map(setTo), ...Object.entries(accepted).map(keepOrSet), ...laterSettings()]
  // The limit of the role does not apply to the second statement.
  const text = `SET statement_timeout = ${wanted['statement_timeout']}; SELECT ${sql.join(', ')}`
  try {
    const results = (await client.query(limited(text, limitMs))) as unknown as {
      rows: Record<string, string | null>[]
    }[]
    const [values = {}] = results.at(-1)?.rows ?? []
    established.set(client, Object.fromEntries(Object.entries(values).filter(isGiven)))
  } catch (error) {
    // insufficient_privilege is trouble of a statement; here it is the answer.
    if (sqlState(error) !== '42501' && (isDatabaseUnavailable(error) || sqlState(error) === '')) throw error
    throw new UnusableSession(
      `The database refuses a session setting that this program relies on: ${messageOf(error)}; ` +
        'remove the setting from the server, the database and the role (ALTER … RESET), or from the pooler.',
    )
  }
}

/** A connection with its session; the caller ends it. */
export async function openSession(config: ClientConfig, settings: SessionSettings, limitMs: number): Promise<Client> {
  const client = new Client(config)
  // A lost connection fails the next statement; without a listener it would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await establishSession(client, settings, limitMs)
    return client
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

/** In one round a busy pooler may assign the same server sessions again by chance. More rounds make it unlikely. */
const verificationRounds = 6

/**
 * Verifies that two connections keep their sessions from one transaction to the next: a pooler in transaction or statement
 * mode gives the same server session to both, or different ones to each. Six transactions on each connection.
 * @param server host and port
 * @throws UnusableSession
 */
export async function verifySessions(server: string, one: ClientBase, other: ClientBase): Promise<void> {
  const first = { one: (await probe(server, one)).pid, other: (await probe(server, other)).pid }
  if (first.one === first.other) throw sharedSession(server)
  for (let round = 2; round <= verificationRounds; round += 1) {
    if ((await probe(server, one)).pid !== first.one) throw sharedSession(server)
    if ((await probe(server, other)).pid !== first.other) throw sharedSession(server)
  }
}

async function probe(server: string, client: ClientBase): Promise<{ readonly pid: number }> {
  const expected = established.get(client) ?? {}
  const read = Object.keys(expected).map((name) => `current_setting('${name}') AS "${name}"`)
  try {
    // Named, because statements are prepared once for a connection.
    const query = { name: 'session-probe', text: `SELECT pg_backend_pid() AS pid, ${read.join(', ')}` }
    const { rows } = await client.query<{ pid: number } & Record<string, string>>(query)
    const [found] = rows
    if (found === undefined) throw sharedSession(server)
    const lost = Object.keys(expected).find((name) => found[name] !== expected[name])
    if (lost === undefined) return found
    throw new UnusableSession(
      `The session setting ${lost} at ${server} is "${found[lost]}" in the transaction after it was set to ` +
        `"${expected[lost]}", as with a connection pooler (PgBouncer) that shares server sessions: ${poolerRemedy}.`,
    )
  } catch (error) {
    throw preparedElsewhere.includes(sqlState(error)) ? sharedSession(server) : error
  }
}

function sharedSession(server: string): UnusableSession {
  return new UnusableSession(
    `The connection pooler at ${server} (PgBouncer or similar, in transaction or statement mode) does not keep session ` +
      `settings and prepared statements from one transaction to the next: ${poolerRemedy}.`,
  )
}

const setTo = ([name, value]: [string, string | number]): string =>
  `set_config('${name}', '${value}', false) AS "${name}"`

function keepOrSet([name, values]: [string, readonly string[]]): string {
  const isAccepted = `current_setting('${name}') IN (${values.map((value) => `'${value}'`).join(', ')})`
  const set = `set_config('${name}', '${values[0]}', false)`
  return `CASE WHEN ${isAccepted} THEN current_setting('${name}') ELSE ${set} END AS "${name}"`
}

function laterSettings(): string[] {
  return Object.entries(sinceLater).map(([name, value]) => {
    const set = `set_config('${name}', '${value}', false)`
    return `CASE WHEN current_setting('${name}', true) IS NOT NULL THEN ${set} END AS "${name}"`
  })
}

const isGiven = (entry: [string, string | null]): entry is [string, string] => entry[1] !== null

/** `query_timeout` of one query is not among pg's types. */
const limited = (text: string, limitMs: number): string => ({ text, query_timeout: limitMs }) as unknown as string
