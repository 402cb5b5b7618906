import { randomBytes } from 'node:crypto'
import type { Store } from './databases.ts'
import type { System } from './system.ts'

export interface FailingStatements {
  readonly store: Store
  readonly table: string
  readonly on: 'INSERT' | 'UPDATE'
  readonly orderId: string
  /** How many attempts at this order fail; all of them when left out. */
  readonly times?: number
}

/**
 * Makes the database reject the writes of a reaction for one order with a data error. A transaction that it
 * shares with others fails too, and is not counted: it is repeated for each of them alone.
 * @returns what ends it
 */
export async function failStatements(system: System, failing: FailingStatements): Promise<() => Promise<void>> {
  const { store, table, on, orderId, times = 1_000_000 } = failing
  const name = `failing_${randomBytes(4).toString('hex')}`
  // A sequence also counts in transactions that are rolled back.
  await system.sql(
    store,
    `CREATE SEQUENCE ${name};
     GRANT USAGE ON SEQUENCE ${name} TO PUBLIC;
     CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF EXISTS (SELECT FROM written WHERE order_id = '${orderId}') THEN
         IF (SELECT count(*) FROM written) > 1 OR nextval('${name}') <= ${times} THEN
           RAISE EXCEPTION 'the shelf has collapsed';
         END IF;
       END IF;
       RETURN NULL;
     END $$;
     CREATE TRIGGER ${name} AFTER ${on} ON ${table} REFERENCING NEW TABLE AS written
       FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`,
  )
  return async () => {
    await system.sql(store, `DROP TRIGGER ${name} ON ${table}; DROP FUNCTION ${name}(); DROP SEQUENCE ${name}`)
  }
}

/**
 * Makes the database of inventory reject every reservation with a data error.
 * @returns what ends it
 */
export async function breakShelf(system: System): Promise<() => Promise<void>> {
  await system.sql(
    'inventory',
    `CREATE FUNCTION broken_shelf() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'the shelf has collapsed'; END $$;
     CREATE TRIGGER broken_shelf BEFORE INSERT ON inventory_reservations EXECUTE FUNCTION broken_shelf()`,
  )
  return async () => {
    await system.sql('inventory', 'DROP TRIGGER broken_shelf ON inventory_reservations; DROP FUNCTION broken_shelf()')
  }
}
