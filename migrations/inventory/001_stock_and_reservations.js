/**
 * Stock, and one reservation row per order; a row with status `cancelled` prevents a later reservation.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    CREATE TABLE stock (
      sku        text PRIMARY KEY CHECK (length(sku) BETWEEN 1 AND 64),
      available  bigint NOT NULL CHECK (available >= 0),
      reserved   bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
      shipped    bigint NOT NULL DEFAULT 0 CHECK (shipped >= 0),
      -- Total quantity received. The check guarantees that every change of a quantity is balanced.
      received   bigint NOT NULL CHECK (received = available + reserved + shipped),
      updated_at timestamptz NOT NULL
    ) WITH (fillfactor = 50);

    CREATE TABLE inventory_reservations (
      -- The primary key prevents two reservations for one order.
      order_id       uuid PRIMARY KEY,
      saga_id        uuid NOT NULL,
      reservation_id uuid NOT NULL UNIQUE,
      status         text NOT NULL CHECK (status IN ('reserved', 'rejected', 'released', 'committed', 'cancelled')),
      -- [{"sku", "qty", "tracked"}]: an item that is not tracked (an accepted unknown SKU) does not change stock.
      items          jsonb NOT NULL DEFAULT '[]',
      reason         text,
      version        integer NOT NULL DEFAULT 1,
      created_at     timestamptz NOT NULL,
      updated_at     timestamptz NOT NULL
    ) WITH (fillfactor = 85);
    CREATE INDEX reservations_open ON inventory_reservations (created_at) WHERE status = 'reserved';

    INSERT INTO schema_versions (component, version, min_compatible) VALUES ('inventory', 1, 1);
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
