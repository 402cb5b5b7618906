import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Knex as KnexTypes } from 'knex'
import { messageOf } from '../core/errors.ts'
import { connectionConfig, type DatabaseAddress } from './connection.ts'
import type { Client, ClientBase, ClientConfig } from './pg.ts'
import { type AccessList, type DatabaseRoles, grantAccess, prepareRoles } from './roles.ts'
import { establishSession, openSession, verifySessions } from './session.ts'
import { asDatabaseError, isDatabaseUnavailable, UnusableSession } from './sql-errors.ts'
import { untilPassed } from './until-passed.ts'

/** The folder with the migration files: beside `services/` in a checkout and in an image alike. */
const migrations = fileURLToPath(new URL('../../../../migrations/', import.meta.url))

const connectMs = 3_000

/**
 * Brings one database to the newest schema this version knows, messaging first. Files this version does not know are a
 * newer release's and are left alone; nothing is ever migrated down. Several may run at once: knex takes a lock.
 * With `roles`, the migrations are committed together with the rights of the roles on the tables (migrations/access.json).
 * @returns how many files ran
 * @throws UnusableRole
 */
export async function migrate(
  target: DatabaseAddress,
  service: string,
  log: (line: string) => void,
  roles?: DatabaseRoles,
): Promise<number> {
  // Only what migrates loads it: it and its packages are half of all modules of a service.
  const { default: Knex } = await import('knex')
  let failed = 'a migration'
  const config = connectionConfig(target, `migrate-${service}`, connectMs)
  const client = Knex({
    client: 'pg',
    log: {
      // The only place where knex says which file it was.
      warn: (message: unknown) => (failed = /file "([^"]+)" failed/.exec(String(message))?.[1] ?? failed),
    },
    connection: config as KnexTypes.PgConnectionConfig,
    pool: {
      min: 0,
      max: 5,
      afterCreate: (connection: ClientBase, done: (error: unknown, connection: ClientBase) => void) => {
        const settle = (error?: unknown): void => done(error, connection)
        establishSession(connection, {}, connectMs).then(() => settle(), settle)
      },
    },
    migrations: {
      directory: [`${migrations}messaging`, `${migrations}${service}`],
      sortDirsSeparately: true,
      loadExtensions: ['.js'],
      tableName: 'knex_migrations',
      // An older image on a newer schema finds names in the table that it has no files for: that is no error.
      disableMigrationsListValidation: true,
    },
  })
  try {
    await untilPassed(
      () => verify(target, config),
      (error) => !(error instanceof UnusableSession) && isDatabaseUnavailable(error),
      (error) => log(`[migrate] waiting for the database: ${messageOf(error)}`),
    ).catch((error: unknown) => {
      throw error instanceof UnusableSession ? error : asDatabaseError(error)
    })
    if (roles !== undefined) await prepareRoles(client, roles, log)
    // A migrator that was killed leaves knex's lock behind; ours is the session's and dies with it.
    return await client.transaction(async (guard) => {
      await guard.raw(`SELECT pg_advisory_xact_lock(hashtext('order-saga-migrations'))`)
      await guard.migrate.forceFreeMigrationsLock()
      const latest = (): Promise<[number, string[]]> => guard.migrate.latest()
      const [, files] = await latest().catch((error: unknown) => {
        // knex puts the whole file before the reason.
        const reason = messageOf(error).split(' - ').at(-1)
        throw new Error(`${failed} failed, nothing was changed: ${reason}`, { cause: error })
      })
      if (roles !== undefined && !(await isNewer(guard, service)))
        await grantAccess(guard, await accessOf(service), roles)
      for (const file of files) log(`[migrate] ${target.name}: ${file.split('/').at(-1) ?? file}`)
      return files.length
    })
  } finally {
    await client.destroy()
  }
}

async function accessOf(service: string): Promise<AccessList> {
  const access = JSON.parse(await readFile(`${migrations}access.json`, 'utf8')) as Record<string, AccessList>
  return { ...access['messaging'], ...access[service] }
}

/** A newer release has migrated the database, and has given the rights that its own pods need. */
async function isNewer(tx: KnexTypes, service: string): Promise<boolean> {
  const known = [...(await readdir(`${migrations}messaging`)), ...(await readdir(`${migrations}${service}`))]
  const applied = await tx<{ name: string }>('knex_migrations').pluck<string[]>('name')
  return applied.some((name) => !known.includes(name))
}

async function verify({ host, port }: DatabaseAddress, config: ClientConfig): Promise<void> {
  const one = await openSession(config, {}, connectMs)
  let other: Client | undefined
  try {
    other = await openSession(config, {}, connectMs)
    await verifySessions(`${host}:${port}`, one, other)
  } finally {
    await Promise.all([one.end(), other?.end()])
  }
}
