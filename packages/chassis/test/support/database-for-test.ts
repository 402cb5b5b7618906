import { randomBytes } from 'node:crypto'
import { testServers } from '@order-saga/dev'
import { createFrom } from '@order-saga/tests/support/database-template'
import { Client } from 'pg'
import type { DatabaseAddress } from '../../src/persistence/connection.ts'
import { Database, type DatabaseOptions } from '../../src/persistence/database.ts'
import { type LogLine, recordedLog } from './recorded-log.ts'

/** `raise` fails with any SQLSTATE, as if the constraint had been violated. */
const tables = `
  CREATE TABLE effects (id uuid PRIMARY KEY, n integer NOT NULL DEFAULT 0);
  CREATE FUNCTION raise(state text, constr text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'raised %', state USING ERRCODE = state, CONSTRAINT = constr; END $$`

const template = { name: 'template_chassis', service: 'inventory', sql: tables }

/**
 * A database of its own on the tests' server, with outbox and inbox, and a table `effects` for the reactions of tests to
 * write to. `drop` closes what was opened here and removes it.
 */
export class DatabaseForTest {
  readonly target: DatabaseAddress
  readonly url: string
  /** Log lines of its pools. */
  readonly lines: LogLine[] = []
  readonly #opened: Database[] = []

  private constructor(target: DatabaseAddress, url: string) {
    this.target = target
    this.url = url
  }

  static async create({ empty = false } = {}): Promise<DatabaseForTest> {
    const server = await testServers().postgres()
    const name = randomName()
    await (empty ? server.createDatabase(name) : createFrom(template, server, name))
    const { port, user, password } = server
    return new DatabaseForTest({ host: '127.0.0.1', port, name, user, password, caFile: '' }, server.url(name))
  }

  /** A pool on it, closed by `drop`. */
  open(more: Partial<DatabaseOptions> = {}): Database {
    const { log } = recordedLog(this.lines)
    const database = new Database({ ...this.target, poolMax: 5, applicationName: 'chassis-test', log, ...more })
    this.#opened.push(database)
    return database
  }

  /** Runs SQL on a connection of its own, past the code under test. */
  async sql<R extends object = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<R[]> {
    return await run<R>(this.url, text, values)
  }

  async drop(): Promise<void> {
    await Promise.all(this.#opened.map((database) => database.close().catch(() => undefined)))
    const server = await testServers().postgres()
    await run(server.url(), `DROP DATABASE IF EXISTS ${this.target.name} WITH (FORCE)`)
  }
}

function randomName(): string {
  return `chassis_${randomBytes(6).toString('hex')}`
}

async function run<R extends object>(url: string, text: string, values: unknown[] = []): Promise<R[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const result = await client.query<R>(text, values)
    return result.rows
  } finally {
    await client.end()
  }
}
