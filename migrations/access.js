/**
 * The rights of the three login roles of each database, by table. A table's owner has all rights and is used by migrations
 * only. The migration that creates or changes a table is committed together with these rights. A table that is not listed
 * here can be used by its owner only; a test compares the list with the migrated tables and columns.
 *
 * Expand, then contract: the pods of the previous release keep running, so a right is withdrawn in a later release than
 * the one that stops using it.
 *
 * runtime: the service. reader: audit, inspection and the console's reads. operator: what `saga` and the console change.
 */
const read = 'SELECT'
const readOnly = { runtime: read, reader: read, operator: read }
/** FOR UPDATE, which previews of a replay use as the service does, requires the right to update one column. */
const lock = 'SELECT, UPDATE (updated_at)'

const publication = 'lease_until, attempts, unroutable_since, published_at, parked_at, park_reason'
const release = 'lease_until, attempts, unroutable_since, parked_at, park_reason'
const sagaState =
  'status, reason, compensation, refund_due_at, refund_requests, version, history, updated_at, finished_at, reservation_seen, mismatch'
const actEntry =
  'act_id, run_id, act, subject, place, event, saga_id, operator, reason, begun_at, done_at, failure, detail, result_of'

const messaging = {
  schema_versions: readOnly,
  // An event cannot be changed after it was appended, only its publication.
  events: {
    runtime: `SELECT, INSERT, UPDATE (${publication}), DELETE`,
    reader: read,
    operator: `SELECT, UPDATE (${release})`,
  },
  processed_events: { runtime: 'SELECT, INSERT, DELETE', reader: read, operator: read },
}

/** @type {Record<string, Record<string, { runtime?: string, reader?: string, operator?: string }>>} */
export const access = {
  order: {
    ...messaging,
    // `saga` appends the event of a repeated refund request.
    events: { ...messaging.events, operator: `SELECT, INSERT, UPDATE (${release})` },
    // Customer, items and amount cannot be changed.
    orders: {
      runtime: 'SELECT, INSERT, UPDATE (status, updated_at)',
      reader: read,
      operator: 'SELECT, UPDATE (status, updated_at)',
    },
    saga_instances: {
      runtime: `SELECT, INSERT, UPDATE (${sagaState})`,
      reader: read,
      operator: `SELECT, UPDATE (${sagaState})`,
    },
    saga_violations: {
      runtime: 'SELECT, INSERT, UPDATE (violations, last_at)',
      reader: read,
      operator: 'SELECT, INSERT, UPDATE (violations, last_at)',
    },
    idempotency_keys: { runtime: 'SELECT, INSERT, DELETE', reader: read, operator: read },
    // The columns of the hash chain are set by a trigger.
    operator_acts: { reader: read, operator: `SELECT, INSERT (${actEntry})` },
    operator_act_bodies: { reader: read, operator: 'SELECT, INSERT' },
  },
  payment: {
    ...messaging,
    payment_transactions: {
      runtime:
        'SELECT, INSERT, UPDATE (status, amount, currency, customer_email, items, deadline, charge_id, refund_id, reason, ' +
        'detail, cancel_seen, refund_wanted, intended_at, last_attempt_at, attempts, traceparent, next_attempt_at, version, updated_at)',
      reader: read,
      operator: lock,
    },
  },
  inventory: {
    ...messaging,
    stock: {
      runtime: 'SELECT, INSERT, UPDATE (available, reserved, shipped, received, updated_at)',
      reader: read,
      operator: lock,
    },
    inventory_reservations: {
      runtime: 'SELECT, INSERT, UPDATE (status, items, reason, version, updated_at)',
      reader: read,
      operator: lock,
    },
  },
}
