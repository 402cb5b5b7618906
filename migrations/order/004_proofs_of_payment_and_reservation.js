/**
 * A saga records a reservation that overtook its payment, and that a payment or reservation was not the order's. Pods of
 * the previous release leave both columns as they are. The few sagas with events that violate the protocol are in a table
 * of their own.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    ALTER TABLE saga_instances
      ADD COLUMN reservation_seen boolean NOT NULL DEFAULT false,
      ADD COLUMN mismatch         boolean NOT NULL DEFAULT false;

    CREATE TABLE saga_violations (
      -- No foreign key: the saga is locked by the transaction that writes here, and sagas are never removed.
      saga_id    uuid PRIMARY KEY,
      violations integer NOT NULL CHECK (violations > 0),
      first_at   timestamptz NOT NULL,
      last_at    timestamptz NOT NULL
    );

    UPDATE schema_versions SET version = 3 WHERE component = 'order';
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
