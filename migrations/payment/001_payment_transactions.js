/**
 * One row per order: the charge, its refund, or a tombstone that prevents a charge.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    CREATE TABLE payment_transactions (
      -- The primary key prevents two charges for one order.
      order_id            uuid PRIMARY KEY,
      saga_id             uuid NOT NULL,
      payment_id          uuid NOT NULL UNIQUE,
      status              text NOT NULL CHECK (status IN
                            ('charging', 'charged', 'declined', 'cancelled', 'refunding', 'refunded')),
      -- Null in the tombstone of a cancellation that arrived before the order.
      amount              numeric CHECK (amount > 0 AND scale(amount) <= 4),
      currency            char(3),
      customer_email      text,
      items               jsonb,
      deadline            timestamptz,
      charge_id           text UNIQUE,
      refund_id           text UNIQUE,
      reason              text,
      detail              text,
      -- Set when a cancellation arrives before the outcome of the charge is known.
      cancel_seen         boolean NOT NULL DEFAULT false,
      refund_wanted       boolean NOT NULL DEFAULT false,
      -- Provider call: first intent, last attempt, number of attempts, and next attempt by the sweeper.
      intended_at         timestamptz,
      last_attempt_at     timestamptz,
      attempts            integer NOT NULL DEFAULT 0,
      -- Trace context of the last message, used for results of the sweeper, where no message carries one.
      traceparent         text,
      next_attempt_at     timestamptz,
      version             integer NOT NULL DEFAULT 1,
      created_at          timestamptz NOT NULL,
      updated_at          timestamptz NOT NULL,
      CHECK ((status IN ('charging', 'refunding')) = (next_attempt_at IS NOT NULL)),
      CHECK ((status IN ('charged', 'refunding', 'refunded')) = (charge_id IS NOT NULL)),
      CHECK ((status = 'refunded') = (refund_id IS NOT NULL)),
      CHECK (status = 'cancelled' OR (amount IS NOT NULL AND currency IS NOT NULL))
    ) WITH (fillfactor = 70);
    CREATE INDEX payments_to_resolve ON payment_transactions (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

    INSERT INTO schema_versions (component, version, min_compatible) VALUES ('payment', 1, 1);
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
