// First, because pg reads the environment while it is loaded.
// oxlint-disable-next-line import/no-unassigned-import
import './pg-environment.ts'
import { Client } from 'pg'
import { errorCode } from './error-code.ts'

const duplicateDatabase = '42P04'
const uniqueViolation = '23505'

/**
 * Creates a database on the server at `url` unless it exists. `url` names any database of that server and a user that
 * may create databases.
 */
export async function createDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  try {
    await client.connect()
    // Regardless of the settings of the role and the server.
    await client.query('SET default_transaction_read_only = off; SET statement_timeout = 0')
    const found = await client.query('select from pg_database where datname = $1', [name])
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`)
  } catch (error) {
    // Somebody else created it at the same moment.
    const code = errorCode(error)
    if (code !== duplicateDatabase && code !== uniqueViolation) throw error
  } finally {
    await client.end()
  }
}

/** Whether the user of `url` may create roles. */
export async function mayCreateRoles(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  try {
    await client.connect()
    const { rowCount } = await client.query(
      'select from pg_roles where rolname = current_user and (rolsuper or rolcreaterole)',
    )
    return rowCount === 1
  } finally {
    await client.end()
  }
}
