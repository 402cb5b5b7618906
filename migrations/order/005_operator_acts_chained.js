/**
 * Operator acts become an append-only record: the start and the result of an act are two rows, chained by hash, and bodies
 * of messages are in a table of their own. Rows of older releases stay as they are, before the chain. A console of the
 * previous release, which sets the result by an update, appends to the chain too.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    -- A later column must be nullable and without a default, so that the hashes of older rows stay valid.
    ALTER TABLE operator_acts
      -- Of a result: the act that it completes. Its begun_at is the time at which it was recorded.
      ADD COLUMN result_of     uuid,
      -- 1, 2, 3, … without gaps; null in rows of older releases.
      ADD COLUMN seq           bigint UNIQUE,
      ADD COLUMN body_hash     bytea,
      -- Of the row with the previous seq; 32 zero bytes in the first.
      ADD COLUMN previous_hash bytea,
      -- SHA-256 of the UTF-8 text of jsonb_strip_nulls(to_jsonb(row) - 'hash'), with times in UTC.
      ADD COLUMN hash          bytea;
    CREATE UNIQUE INDEX operator_acts_results ON operator_acts (result_of) WHERE result_of IS NOT NULL;

    -- The body of a discarded message. A row may be removed: the act keeps the SHA-256 of body::text.
    CREATE TABLE operator_act_bodies (
      act_id uuid PRIMARY KEY,
      body   jsonb NOT NULL
    );

    CREATE FUNCTION chain_operator_act() RETURNS trigger LANGUAGE plpgsql
      SET search_path = public, pg_temp SET TimeZone = 'UTC' SET bytea_output = 'hex' AS $$
    DECLARE last record;
    BEGIN
      -- One writer at a time, until its commit. The next statement has a new snapshot, which includes the previous writer's rows.
      PERFORM pg_advisory_xact_lock(hashtext('order-saga-operator-acts'));
      SELECT seq, hash INTO last FROM operator_acts WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1;
      NEW.body_hash := NULL;
      IF NEW.detail -> 'body' IS NOT NULL THEN
        INSERT INTO operator_act_bodies (act_id, body) VALUES (NEW.act_id, NEW.detail -> 'body');
        NEW.body_hash := sha256(convert_to((NEW.detail -> 'body')::text, 'UTF8'));
        NEW.detail := NEW.detail - 'body';
      END IF;
      NEW.seq := coalesce(last.seq, 0) + 1;
      NEW.previous_hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
      NEW.hash := sha256(convert_to(jsonb_strip_nulls(to_jsonb(NEW) - 'hash')::text, 'UTF8'));
      RETURN NEW;
    END $$;
    CREATE TRIGGER chain BEFORE INSERT ON operator_acts FOR EACH ROW EXECUTE FUNCTION chain_operator_act();

    -- For the previous release only, which connects as the owner.
    CREATE FUNCTION append_operator_act_result() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
      INSERT INTO operator_acts (act_id, run_id, act, subject, place, event, saga_id, operator, reason, begun_at, done_at,
        failure, result_of)
      VALUES (gen_random_uuid(), NEW.run_id, NEW.act, NEW.subject, NEW.place, NEW.event, NEW.saga_id, NEW.operator,
        NEW.reason, clock_timestamp(), NEW.done_at, NEW.failure, NEW.act_id)
      ON CONFLICT (result_of) WHERE result_of IS NOT NULL DO NOTHING;
      RETURN NULL;
    END $$;
    CREATE TRIGGER append_result BEFORE UPDATE OF done_at, failure ON operator_acts FOR EACH ROW
      WHEN (OLD.seq IS NOT NULL AND OLD.result_of IS NULL AND OLD.done_at IS NULL AND OLD.failure IS NULL)
      EXECUTE FUNCTION append_operator_act_result();

    UPDATE schema_versions SET version = 2 WHERE component = 'operations';
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
