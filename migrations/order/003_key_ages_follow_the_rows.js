/**
 * Summarizes BRIN ranges of idempotency keys as soon as they are full, as for outbox and inbox.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    ALTER INDEX idempotency_keys_by_age SET (autosummarize = on);

    UPDATE schema_versions SET version = 2 WHERE component = 'order';
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
