/**
 * Orders, sagas and idempotency keys.
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    CREATE TABLE orders (
      order_id       uuid PRIMARY KEY,
      saga_id        uuid NOT NULL UNIQUE,
      customer_id    text,
      customer_email text NOT NULL,
      items          jsonb NOT NULL,
      -- Exact, with the number of decimals of the currency.
      amount         numeric NOT NULL CHECK (amount > 0 AND scale(amount) <= 4),
      currency       char(3) NOT NULL,
      status         text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'confirmed', 'cancelled')),
      created_at     timestamptz NOT NULL,
      updated_at     timestamptz NOT NULL
    ) WITH (fillfactor = 85);
    -- Order ids are UUIDv7: they sort by creation time and are the cursor of every list.
    CREATE INDEX orders_by_status ON orders (status, order_id);
    CREATE INDEX orders_by_customer ON orders (customer_id, order_id) WHERE customer_id IS NOT NULL;

    CREATE TABLE saga_instances (
      saga_id         uuid PRIMARY KEY,
      order_id        uuid NOT NULL UNIQUE REFERENCES orders (order_id),
      status          text NOT NULL DEFAULT 'pending' CHECK (status IN
                        ('pending', 'payment_completed', 'refunding', 'completed', 'cancelled', 'timeout_cancelled')),
      reason          text CHECK (reason IN ('payment_failed', 'compensation', 'timeout')),
      compensation    text NOT NULL DEFAULT 'none' CHECK (compensation IN ('none', 'refund_requested', 'refunded')),
      timeout_at      timestamptz NOT NULL,
      -- Time of the next refund request, and number of requests so far.
      refund_due_at   timestamptz,
      refund_requests integer NOT NULL DEFAULT 0,
      -- Optimistic lock: an update with an outdated version changes no row.
      version         integer NOT NULL DEFAULT 1,
      -- Every consumed or published event: [{"at", "event", "eventId", "direction", "status", ...}]
      history         jsonb NOT NULL DEFAULT '[]',
      -- Trace context of the order's creation, used at the deadline, where no message carries one.
      traceparent     text,
      created_at      timestamptz NOT NULL,
      updated_at      timestamptz NOT NULL,
      finished_at     timestamptz,
      CHECK ((status IN ('cancelled', 'timeout_cancelled')) = (reason IS NOT NULL)),
      CHECK ((status IN ('completed', 'cancelled', 'timeout_cancelled')) = (finished_at IS NOT NULL)),
      CHECK (status <> 'timeout_cancelled' OR reason = 'timeout'),
      CHECK (status <> 'completed' OR compensation = 'none'),
      CHECK ((compensation = 'refund_requested') = (refund_due_at IS NOT NULL))
    ) WITH (fillfactor = 70);
    CREATE INDEX sagas_by_deadline ON saga_instances (timeout_at) WHERE status IN ('pending', 'payment_completed');
    CREATE INDEX sagas_by_refund ON saga_instances (refund_due_at) WHERE refund_due_at IS NOT NULL;
    CREATE INDEX sagas_by_status ON saga_instances (status, saga_id);

    CREATE TABLE idempotency_keys (
      key         text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
      fingerprint bytea NOT NULL,
      order_id    uuid NOT NULL REFERENCES orders (order_id),
      saga_id     uuid NOT NULL,
      created_at  timestamptz NOT NULL
    );
    CREATE INDEX idempotency_keys_by_age ON idempotency_keys USING brin (created_at) WITH (pages_per_range = 16);

    INSERT INTO schema_versions (component, version, min_compatible) VALUES ('order', 1, 1);
  `)
}

/** No rollback: a change is reverted by a new migration. knex requires the function. */
export async function down() {
  throw new Error('There is no way down: write a new migration.')
}
