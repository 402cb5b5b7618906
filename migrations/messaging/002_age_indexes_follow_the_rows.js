/**
 * Block ranges are summed up as soon as they are full. Left to the vacuum, which comes when a table has grown by a fifth,
 * each clean-up reads all rows since the last one: of a large table millions, every minute.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    ALTER INDEX events_by_age SET (autosummarize = on);
    ALTER INDEX processed_events_by_age SET (autosummarize = on);
    -- Nothing is updated here, so nothing else makes the vacuum come in time to keep index-only scans and freezing cheap.
    ALTER TABLE processed_events SET (autovacuum_vacuum_insert_scale_factor = 0.02);

    UPDATE schema_versions SET version = 2 WHERE component = 'messaging';
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
