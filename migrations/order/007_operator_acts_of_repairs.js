/**
 * Acts of `saga topology repair` and `saga locks --cancel`.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    ALTER TABLE operator_acts DROP CONSTRAINT operator_acts_act_check;
    -- NOT VALID: rows are not scanned; the old rule is stricter.
    ALTER TABLE operator_acts ADD CONSTRAINT operator_acts_act_check CHECK (act IN
      ('replay', 'discard', 'release', 'retry_compensation', 'repair_topology', 'end_session')) NOT VALID;

    UPDATE schema_versions SET version = 3 WHERE component = 'operations';
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
