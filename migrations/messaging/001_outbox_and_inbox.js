/**
 * Outbox, inbox and schema versions. Applied to every database.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    -- Read by a service to check compatibility: see "Schema versions" in migrations/README.md.
    CREATE TABLE schema_versions (
      component      text PRIMARY KEY,
      version        integer NOT NULL,
      min_compatible integer NOT NULL,
      CHECK (min_compatible BETWEEN 1 AND version)
    );

    -- Outbox. A row is written in the transaction of the state change, and published after the commit.
    CREATE TABLE events (
      event_id         uuid PRIMARY KEY,
      saga_id          uuid NOT NULL,
      order_id         uuid NOT NULL,
      routing_key      text NOT NULL,
      payload          jsonb NOT NULL,
      schema_version   integer NOT NULL DEFAULT 1,
      causation_id     uuid,
      traceparent      text,
      created_at       timestamptz NOT NULL DEFAULT now(),
      -- Until then only the process that inserted or claimed the row may publish it; afterwards any relay may claim it.
      lease_until      timestamptz NOT NULL DEFAULT now(),
      attempts         integer NOT NULL DEFAULT 0,
      unroutable_since timestamptz,
      published_at     timestamptz,
      parked_at        timestamptz,
      park_reason      text,
      CHECK ((parked_at IS NULL) = (park_reason IS NULL))
    ) WITH (
      -- Rows are deleted after a day and updated once, so many dead tuples must be vacuumed early.
      autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
    );
    -- Partial, so that the index size depends on the backlog and not on the table.
    CREATE INDEX events_pending ON events (lease_until) WHERE published_at IS NULL AND parked_at IS NULL;
    CREATE INDEX events_parked ON events (parked_at) WHERE parked_at IS NOT NULL;
    CREATE INDEX events_by_saga ON events (saga_id);
    -- For the clean-up only: rows are inserted in the order of created_at, so a BRIN index is sufficient.
    CREATE INDEX events_by_age ON events USING brin (created_at) WITH (pages_per_range = 16);

    -- Inbox. One row per event and consumer, written in the transaction of the effect.
    CREATE TABLE processed_events (
      event_id     uuid NOT NULL,
      consumer     text NOT NULL,
      processed_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (event_id, consumer)
    );
    CREATE INDEX processed_events_by_age ON processed_events USING brin (processed_at) WITH (pages_per_range = 16);

    INSERT INTO schema_versions (component, version, min_compatible) VALUES ('messaging', 1, 1);
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
