/**
 * The outbox, the inbox, and the record of which schema a database has. The same in every database.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    -- What a service needs to know before it trusts a database: see "Schema versions" in migrations/README.md.
    CREATE TABLE schema_versions (
      component      text PRIMARY KEY,
      version        integer NOT NULL,
      min_compatible integer NOT NULL,
      CHECK (min_compatible BETWEEN 1 AND version)
    );

    -- Outbox. A row is written in the transaction of the change it reports, and published afterwards.
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
      -- Until then the row belongs to the process that wrote or claimed it; afterwards any relay may take it.
      lease_until      timestamptz NOT NULL DEFAULT now(),
      attempts         integer NOT NULL DEFAULT 0,
      unroutable_since timestamptz,
      published_at     timestamptz,
      parked_at        timestamptz,
      park_reason      text,
      CHECK ((parked_at IS NULL) = (park_reason IS NULL))
    ) WITH (
      -- Rows live for a day and are updated once: dead rows are many and must go early.
      autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
    );
    -- What is still to be published, and nothing else, so that its size follows the backlog and not the table.
    CREATE INDEX events_pending ON events (lease_until) WHERE published_at IS NULL AND parked_at IS NULL;
    CREATE INDEX events_parked ON events (parked_at) WHERE parked_at IS NOT NULL;
    CREATE INDEX events_by_saga ON events (saga_id);
    -- For the clean-up only: rows come in the order of their time, so a block range index is enough.
    CREATE INDEX events_by_age ON events USING brin (created_at) WITH (pages_per_range = 16);

    -- Inbox. One row per event and consumer, written in the transaction of its effect.
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
