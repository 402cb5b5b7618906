/**
 * One row per order: the charge, its refund, or the tombstone that says there will be none.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    CREATE TABLE payment_transactions (
      -- The primary key is what makes two charges for one order impossible.
      order_id            uuid PRIMARY KEY,
      saga_id             uuid NOT NULL,
      payment_id          uuid NOT NULL UNIQUE,
      status              text NOT NULL CHECK (status IN
                            ('charging', 'charged', 'declined', 'cancelled', 'refunding', 'refunded')),
      -- Empty on a tombstone left by a cancellation that came before the order.
      amount              numeric CHECK (amount > 0 AND scale(amount) <= 4),
      currency            char(3),
      customer_email      text,
      items               jsonb,
      deadline            timestamptz,
      charge_id           text UNIQUE,
      refund_id           text UNIQUE,
      reason              text,
      detail              text,
      -- Seen while the outcome of the charge was not yet known.
      cancel_seen         boolean NOT NULL DEFAULT false,
      refund_wanted       boolean NOT NULL DEFAULT false,
      -- The outside effect: when it was first intended, last attempted, and when the sweeper looks at it next.
      intended_at         timestamptz,
      last_attempt_at     timestamptz,
      attempts            integer NOT NULL DEFAULT 0,
      -- Where in its trace the last cause was; the result of an effect may have no message to take it from.
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
