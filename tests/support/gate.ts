import { randomInt } from 'node:crypto'
import type { Client } from 'pg'
import type { Store } from './databases.ts'
import type { System } from './system.ts'

export interface GateOptions {
  readonly store: Store
  /** `append`: the insertion of an event. `record`: the marking of an event as published, after the broker's confirm. */
  readonly before: 'append' | 'record'
  readonly event: string
}

const timing = { append: 'BEFORE INSERT', record: 'BEFORE UPDATE OF published_at' } as const

/**
 * Blocks a transaction of a service when it inserts or marks an event in the outbox. A blocked service has already sent its
 * COMMIT, so the transaction commits when the gate opens, even if the service was killed.
 */
export class Gate {
  readonly #system: System
  readonly #options: GateOptions
  readonly #session: Client
  readonly #key: number

  private constructor(system: System, options: GateOptions, session: Client, key: number) {
    this.#system = system
    this.#options = options
    this.#session = session
    this.#key = key
  }

  static async close(system: System, options: GateOptions): Promise<Gate> {
    const { store, before, event } = options
    const key = randomInt(1, 2 ** 31)
    const session = await system.databases.session(store)
    await session.query('SELECT pg_advisory_lock($1)', [key])
    await session.query(
      `CREATE FUNCTION gate_${key}() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN
         PERFORM pg_advisory_xact_lock_shared(${key});
         RETURN NEW;
       END $$;
       CREATE TRIGGER gate_${key} ${timing[before]} ON events FOR EACH ROW
         WHEN (NEW.routing_key = '${event}') EXECUTE FUNCTION gate_${key}()`,
    )
    return new Gate(system, options, session, key)
  }

  /** Resolves when a transaction of the service is blocked. */
  async reached(): Promise<void> {
    const { store, before, event } = this.#options
    await this.#system.until(`${store} to ${before} ${event}`, async () => (await this.#waiting()).length > 0)
  }

  /** Terminates the blocked sessions, as the server does when the client connection is lost: nothing is committed. */
  async turnAway(): Promise<void> {
    for (const pid of await this.#waiting()) await this.#session.query('SELECT pg_terminate_backend($1)', [pid])
    await this.#system.until('the sessions to be gone', async () => (await this.#waiting()).length === 0)
  }

  async open(): Promise<void> {
    await this.#session.query('SELECT pg_advisory_unlock($1)', [this.#key])
    await this.#session.query(`DROP TRIGGER gate_${this.#key} ON events; DROP FUNCTION gate_${this.#key}()`)
    await this.#session.end()
  }

  async #waiting(): Promise<number[]> {
    const { rows } = await this.#session.query<{ pid: number }>(
      `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted`,
      [this.#key],
    )
    return rows.map(({ pid }) => pid)
  }
}
