/**
 * An index for the lists of one customer's orders and sagas of a status. Its creation blocks changes of orders until the
 * commit; IF NOT EXISTS, so that it can be created before the upgrade with CREATE INDEX CONCURRENTLY.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    CREATE INDEX IF NOT EXISTS orders_by_customer_status ON orders (customer_id, status, order_id)
      WHERE customer_id IS NOT NULL;

    UPDATE schema_versions SET version = 4 WHERE component = 'order';
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
