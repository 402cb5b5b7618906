/**
 * What a next release could bring: a column the release before it knows nothing of, and need not.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    ALTER TABLE orders ADD COLUMN note text;
    UPDATE schema_versions SET version = 2 WHERE component = 'order';
  `)
}

export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
