/**
 * Example of a compatible migration: it adds a column that the previous release does not use. Its number is above those
 * of the migrations in migrations/order, so that a new one there does not collide with it.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    ALTER TABLE orders ADD COLUMN note text;
    UPDATE schema_versions SET version = 101 WHERE component = 'order';
  `)
}

export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
