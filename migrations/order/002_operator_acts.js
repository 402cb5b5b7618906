/**
 * Audit log of operator actions. One row per changed message, saga or event.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    CREATE TABLE operator_acts (
      -- UUIDv7: sorts by start time.
      act_id   uuid PRIMARY KEY,
      -- Groups the rows of one command.
      run_id   uuid NOT NULL,
      act      text NOT NULL CHECK (act IN ('replay', 'discard', 'release', 'retry_compensation')),
      -- Id of the changed event or saga, and the queue or database that contains it.
      subject  text NOT NULL,
      place    text NOT NULL,
      event    text,
      saga_id  uuid,
      operator text NOT NULL CHECK (operator <> ''),
      reason   text NOT NULL CHECK (reason <> ''),
      -- Written before the act. Without done_at and failure the command was interrupted, and the act may have been done.
      begun_at timestamptz NOT NULL,
      done_at  timestamptz,
      failure  text,
      -- Contains the complete message after a discard.
      detail   jsonb NOT NULL DEFAULT '{}',
      CHECK (done_at IS NULL OR failure IS NULL)
    );
    CREATE INDEX operator_acts_by_saga ON operator_acts (saga_id, act_id) WHERE saga_id IS NOT NULL;
    CREATE INDEX operator_acts_by_subject ON operator_acts (subject, act_id);

    INSERT INTO schema_versions (component, version, min_compatible) VALUES ('operations', 1, 1);
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
