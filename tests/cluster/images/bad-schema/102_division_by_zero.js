/**
 * Fails after its first statement: the transaction around it must leave nothing of it.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    ALTER TABLE orders ADD COLUMN half_done text;
    SELECT 1 / 0;
    UPDATE schema_versions SET version = 102 WHERE component = 'order';
  `)
}

export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
