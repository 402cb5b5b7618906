import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { Knex } from 'knex'
import { sqlState, UnusableRole } from './sql-errors.ts'
import { untilPassed } from './until-passed.ts'

export const roleNames = ['runtime', 'reader', 'operator'] as const
export type RoleName = (typeof roleNames)[number]

export interface RoleLogin {
  readonly user: string
  /** Empty: the role and its password are managed elsewhere, and the migration waits for the role. */
  readonly password: string
}

/**
 * PostgreSQL's own roles that these are members of (manual, "Predefined Roles"): to see the sessions that hold locks, and
 * to end one. They need no right on rows.
 */
const predefined: Readonly<Record<RoleName, readonly string[]>> = {
  runtime: [],
  reader: ['pg_read_all_stats'],
  operator: ['pg_read_all_stats', 'pg_signal_backend'],
}

/** The login roles of one database beside its owner, who alone migrates. */
export type DatabaseRoles = Readonly<Record<RoleName, RoleLogin>>

/** Rights by table and role: `SELECT, INSERT, UPDATE (column, …)`. */
export type AccessList = Readonly<Record<string, Readonly<Partial<Record<RoleName, string>>>>>

/**
 * Creates the roles whose password is given, and sets their passwords; waits for the others. Nobody but them and the owner
 * may connect to the database afterwards, and they can create nothing in it, temporary tables included. A membership that
 * the user may not grant is logged: only `saga locks` needs it.
 * @throws UnusableRole when a role is missing, or has more rights than the tables' own
 */
export async function prepareRoles(client: Knex, roles: DatabaseRoles, log: (line: string) => void): Promise<void> {
  for (const name of roleNames) {
    const { user, password } = roles[name]
    if (password !== '') await createOrAlter(client, user, password)
    else await waitForRole(client, user, log)
    await assertRestricted(client, user, predefined[name])
    for (const role of predefined[name]) await grantMembership(client, role, user, log)
  }
  await client.transaction(async (tx) => {
    const users = await namesOf(tx, roles)
    const { rows } = await tx.raw<{ rows: { name: string }[] }>('SELECT quote_ident(current_database()) AS name')
    const database = rows[0]?.name
    await tx.raw(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${users.all}`)
    await tx.raw(`GRANT CONNECT ON DATABASE ${database} TO ${users.all}`)
    await tx.raw('REVOKE CREATE ON SCHEMA public FROM PUBLIC')
    await tx.raw(`REVOKE ALL ON SCHEMA public FROM ${users.all}`)
    await tx.raw(`GRANT USAGE ON SCHEMA public TO ${users.all}`)
  })
}

/**
 * Gives the roles exactly the listed rights on the tables that exist so far, and none on columns that do not exist yet. To
 * be called in the transaction that changes the tables.
 */
export async function grantAccess(tx: Knex, access: AccessList, roles: DatabaseRoles): Promise<void> {
  const users = await namesOf(tx, roles)
  const { rows } = await tx.raw<{ rows: { name: string; sql: string; columns: string[] }[] }>(
    `SELECT c.relname AS name, quote_ident(c.relname) AS sql, array_agg(a.attname::text) AS columns
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE')
     GROUP BY c.relname ORDER BY c.relname`,
  )
  const statements = rows.flatMap(({ name, sql, columns }) => [
    // Also of a table that the list does not name, as knex's own.
    `REVOKE ALL ON TABLE ${sql} FROM PUBLIC, ${users.all}`,
    ...roleNames.flatMap((role) => {
      const rights = rightsOn(columns, access[name]?.[role])
      return rights === '' ? [] : [`GRANT ${rights} ON TABLE ${sql} TO ${users[role]}`]
    }),
  ])
  if (statements.length > 0) await tx.raw(statements.join(';'))
}

/** `SELECT, UPDATE (a, b)` without the columns that do not exist. */
export function rightsOn(columns: readonly string[], rights = ''): string {
  return rights
    .replaceAll(/(\w+) \(([^)]*)\)/g, (_, verb: string, list: string) => {
      const present = list.split(', ').filter((column) => columns.includes(column))
      return present.length === 0 ? '' : `${verb} (${present.join(', ')})`
    })
    .replaceAll(/^(, )+|(, )+$/g, '')
    .replaceAll(/(, ){2,}/g, ', ')
}

/** The roles' names as SQL identifiers. */
async function namesOf(tx: Knex, roles: DatabaseRoles): Promise<Record<RoleName | 'all', string>> {
  const { rows } = await tx.raw<{ rows: Record<RoleName, string>[] }>(
    `SELECT ${roleNames.map((name) => `quote_ident(?) AS ${name}`).join(', ')}`,
    roleNames.map((name) => roles[name].user),
  )
  const names = rows[0] as Record<RoleName, string>
  return { ...names, all: roleNames.map((name) => names[name]).join(', ') }
}

/** Roles belong to the server, so the migration of another database may create or change the same one at this moment. */
const concurrentChange = ['42710', '23505', 'XX000']
const attempts = 5

async function createOrAlter(client: Knex, user: string, password: string, attempt = 1): Promise<void> {
  const { rows } = await client.raw<{ rows: { verb: string; sql: string }[] }>(
    `SELECT verb, format('%s ROLE %I LOGIN PASSWORD %L', verb, name, password) AS sql
     FROM (SELECT ?::text AS name, ?::text AS password) AS given,
       LATERAL (SELECT CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN 'ALTER' ELSE 'CREATE' END AS verb) AS v`,
    [user, scramVerifier(password)],
  )
  const { verb, sql } = rows[0] as { verb: string; sql: string }
  try {
    await client.raw(sql.replaceAll('?', String.raw`\?`))
  } catch (error) {
    const code = sqlState(error)
    if (concurrentChange.includes(code) && attempt < attempts) {
      return await createOrAlter(client, user, password, attempt + 1)
    }
    if (code !== '42501') throw error
    throw new UnusableRole(
      `The role ${user} cannot be ${verb === 'ALTER' ? 'changed' : 'created'}: the user of the migration needs CREATEROLE; ` +
        'or create the role otherwise, and give the migration its name without a password.',
    )
  }
}

async function grantMembership(
  client: Knex,
  role: string,
  user: string,
  log: (line: string) => void,
  attempt = 1,
): Promise<void> {
  const { rows } = await client.raw<{ rows: { sql: string; known: boolean }[] }>(
    `SELECT format('GRANT %I TO %I', given.role, given.login) AS sql, EXISTS (
       SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles l ON l.oid = m.member
       WHERE r.rolname = given.role AND l.rolname = given.login) AS known
     FROM (SELECT ?::text AS role, ?::text AS login) AS given`,
    [role, user],
  )
  const { sql, known } = rows[0] as { sql: string; known: boolean }
  if (known) return
  try {
    await client.raw(sql.replaceAll('?', String.raw`\?`))
  } catch (error) {
    const code = sqlState(error)
    if (concurrentChange.includes(code) && attempt < attempts) {
      return await grantMembership(client, role, user, log, attempt + 1)
    }
    if (code !== '42501') throw error
    log(`[migrate] operators will not see or end all sessions: a superuser has to run ${sql}`)
  }
}

async function waitForRole(client: Knex, user: string, log: (line: string) => void): Promise<void> {
  await untilPassed(
    async () => {
      const { rows } = await client.raw<{ rows: unknown[] }>('SELECT FROM pg_roles WHERE rolname = ?', [user])
      if (rows.length > 0) return
      throw new UnusableRole(`The role ${user} does not exist: create it, or give the migration a password for it.`)
    },
    (error) => error instanceof UnusableRole,
    () => log(`[migrate] waiting for the role ${user}`),
  )
}

async function assertRestricted(client: Knex, user: string, allowed: readonly string[]): Promise<void> {
  const { rows } = await client.raw<{ rows: { attributes: string; memberships: string }[] }>(
    `SELECT concat_ws(', ', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
       CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
       CASE WHEN rolbypassrls THEN 'BYPASSRLS' END) AS attributes,
       (SELECT coalesce(string_agg(r.rolname, ', '), '') FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
        WHERE m.member = pg_roles.oid AND r.rolname <> ALL (?)) AS memberships
     FROM pg_roles WHERE rolname = ?`,
    [[...allowed], user],
  )
  const { attributes = '', memberships = '' } = rows[0] ?? {}
  if (attributes !== '') throw new UnusableRole(`The role ${user} has too many rights: ${attributes}; remove them.`)
  if (memberships !== '') throw new UnusableRole(`The role ${user} is a member of ${memberships}: revoke that.`)
}

/** Iterations of PostgreSQL's own SCRAM verifiers (src/include/common/scram-common.h). */
const scramIterations = 4096

/**
 * The form in which PostgreSQL stores a password (manual, section 53.8, pg_authid), so that no log of statements contains
 * the password itself.
 * @throws UnusableRole when the password is not printable ASCII, which SASLprep would leave as it is
 */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new UnusableRole('The password of a role must consist of printable ASCII characters.')
  }
  const salted = pbkdf2Sync(password, salt, scramIterations, 32, 'sha256')
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${scramIterations}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`
}
