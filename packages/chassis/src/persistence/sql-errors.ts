import { DependencyUnavailable } from '../core/errors.ts'

/**
 * A session cannot be given the settings that the code relies on, or does not keep them. Waiting does not help; the message
 * is one sentence that says what to change.
 */
export class UnusableSession extends Error {
  override readonly name = 'UnusableSession'
}

/**
 * PostgreSQL has committed and sent a WARNING with it: the wait for synchronous replication was cancelled (manual, section
 * Synchronous Replication), so the transaction is lost if a standby without it is promoted. Whether it lasts is unknown.
 */
export class UnconfirmedCommit extends Error {
  override readonly name = 'UnconfirmedCommit'

  constructor(code: string | undefined, warning: string | undefined) {
    super(`the commit came with the warning ${code ?? ''} ${warning ?? ''}`)
  }
}

/** A login role is missing, or has more or fewer rights than it may have; the message says what to change. */
export class UnusableRole extends Error {
  override readonly name = 'UnusableRole'
}

/** SQLSTATE classes and codes about the server's state and not the statement (PostgreSQL manual, appendix A). */
const unavailableClasses = ['08', '53', '58']
const unavailableCodes = new Set([
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
  '57014', // query_canceled: our own statement_timeout
  '25006', // read_only_sql_transaction: a demoted primary after a failover
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '26000', // invalid_sql_statement_name: a pooler gave the transaction to another session
  '28000', // invalid_authorization_specification
  '28P01', // invalid_password
  '3D000', // invalid_catalog_name: the database is not made yet
  '42501', // insufficient_privilege
  '42P05', // duplicate_prepared_statement: as 26000
])

/** The whole transaction may be tried again at once: nothing is wrong but its timing. */
const repeatableCodes = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available: our own lock_timeout
])

const socketErrors =
  /^(ECONN|EPIPE|EPROTO|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST|ENET|ENOENT|ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|SELF_SIGNED|UNABLE_TO|DEPTH_ZERO)/
const driverTexts =
  /Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|not queryable|Cannot use a pool after|server does not support SSL|establishing an SSL connection|password must be a/

export function sqlState(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}

/** A decision on cached rows that no write can verify: a repetition reads them. */
export class UnverifiedState extends Error {
  override readonly name = 'UnverifiedState'
}

/** The code of the error with which `allOrNone` ends a statement: division_by_zero, which no statement raises otherwise. */
const changedMeanwhile = '22012'

/**
 * Lets an UPDATE fail unless it changes so many rows. Where it compares versions, it so verifies rows that were not read.
 * @param update without RETURNING
 * @param expected an SQL expression
 */
export const allOrNone = (update: string, expected: string): string =>
  // The comment explains the error in the log of PostgreSQL.
  `WITH changed AS (${update} RETURNING 1) SELECT 1 / (count(*) = ${expected})::integer FROM changed
   /* division by zero: a row has changed meanwhile, and the transaction is repeated */`

/** Another session held a lock for longer than `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === '55P03'
}

export function isRepeatable(error: unknown): boolean {
  return repeatableCodes.has(sqlState(error)) || isLostRace(error)
}

/**
 * A row that the transaction did not find, or did not read, is there under the same primary key, or a cached
 * row has changed: a repetition finds it. Any other unique violation is an error of the data and is not repeated.
 */
export function isLostRace(error: unknown): boolean {
  if (error instanceof UnverifiedState || sqlState(error) === changedMeanwhile) return true
  const constraint = (error as { constraint?: unknown } | undefined)?.constraint
  return sqlState(error) === '23505' && typeof constraint === 'string' && constraint.endsWith('_pkey')
}

export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof UnusableSession || error instanceof UnconfirmedCommit) return true
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable)
  const code = sqlState(error)
  // First, because EPIPE has the form of an SQLSTATE.
  if (socketErrors.test(code)) return true
  if (/^[0-9A-Z]{5}$/.test(code)) return unavailableCodes.has(code) || unavailableClasses.includes(code.slice(0, 2))
  return error instanceof Error && driverTexts.test(error.message)
}

/** The same error, or the dependency error it stands for. */
export function asDatabaseError(error: unknown): unknown {
  return isDatabaseUnavailable(error) ? new DependencyUnavailable('database', error) : error
}
