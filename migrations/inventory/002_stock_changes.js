/**
 * Record of the changes of stock by the stock API: who, when, from which quantity to which.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    CREATE TABLE stock_changes (
      -- UUIDv7: sorts by time.
      change_id        uuid PRIMARY KEY,
      sku              text NOT NULL,
      -- Null: the SKU had no stock.
      available_before bigint,
      available        bigint NOT NULL,
      -- Subject of the access token and its issuer; 'anonymous' and null where callers are not identified.
      operator         text NOT NULL CHECK (operator <> ''),
      issuer           text,
      changed_at       timestamptz NOT NULL
    );
    CREATE INDEX stock_changes_by_sku ON stock_changes (sku, change_id);

    UPDATE schema_versions SET version = 2 WHERE component = 'inventory';
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
