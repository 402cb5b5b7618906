import { setTimeout as delay } from 'node:timers/promises'
import { DependencyUnavailable } from '../core/errors.ts'
import { type Database, statement } from './database.ts'
import { sqlState, UnusableSession } from './sql-errors.ts'

/** The versions a service was written for, by component: `{ messaging: 1, order: 1 }`. */
export type SchemaVersions = Readonly<Record<string, number>>

const readVersions = statement('schema-versions', 'SELECT component, version, min_compatible FROM schema_versions')

/**
 * @returns undefined when the service may use the database, else one sentence that says why not
 * @throws DependencyUnavailable
 */
export async function schemaMismatch(database: Database, expected: SchemaVersions): Promise<string | undefined> {
  let rows: { component: string; version: number; min_compatible: number }[]
  try {
    rows = await database.query(readVersions)
  } catch (error) {
    if (sqlState(error) !== '42P01') throw error
    return 'The database has no schema yet: run its migrations.'
  }
  for (const [component, version] of Object.entries(expected)) {
    const found = rows.find((row) => row.component === component)
    if (found === undefined || found.version < version) {
      const has = found === undefined ? 'missing' : `at version ${found.version}`
      return `The schema "${component}" is ${has}, this service needs version ${version}: run the migrations.`
    }
    if (found.min_compatible > version) {
      return (
        `The schema "${component}" is at version ${found.version} and works with services from version ` +
        `${found.min_compatible} on, this one was written for ${version}: use a newer image.`
      )
    }
  }
  return undefined
}

/**
 * Waits until `prepare` succeeds and the schema fits, reporting why it does not, once per reason. Ends early only when the
 * signal is aborted.
 * @throws UnusableSession
 */
export async function waitForSchema(
  database: Database,
  expected: SchemaVersions,
  {
    signal,
    prepare,
    onWait,
    intervalMs = 1_000,
  }: {
    signal: AbortSignal
    prepare: (database: Database) => Promise<void>
    onWait: (reason: string) => void
    intervalMs?: number
  },
): Promise<void> {
  const attempt = async (): Promise<string | undefined> => {
    try {
      await prepare(database)
      return await schemaMismatch(database, expected)
    } catch (error) {
      if (!(error instanceof DependencyUnavailable)) throw error
      if (error.cause instanceof UnusableSession) throw error.cause
      return error.message
    }
  }
  let reported: string | undefined
  while (!signal.aborted) {
    const reason = await attempt()
    if (reason === undefined) return
    if (reason !== reported) onWait(reason)
    reported = reason
    await delay(intervalMs, undefined, { signal }).catch(() => undefined)
  }
}
