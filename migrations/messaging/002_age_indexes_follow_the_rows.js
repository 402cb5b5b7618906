/**
 * Summarizes BRIN ranges as soon as they are full. By default only a vacuum does, after 20 % of the table changed, and
 * until then each clean-up scans all rows of unsummarized ranges: millions per minute on a large table.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    ALTER INDEX events_by_age SET (autosummarize = on);
    ALTER INDEX processed_events_by_age SET (autosummarize = on);
    -- Rows are never updated, so inserts must trigger the vacuum that keeps index-only scans and freezing cheap.
    ALTER TABLE processed_events SET (autovacuum_vacuum_insert_scale_factor = 0.02);

    UPDATE schema_versions SET version = 2 WHERE component = 'messaging';
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
