import { type Database, readDeliveries, type ReadTrail, statement } from '@order-saga/chassis'

const record = statement(
  'trail-payment',
  `SELECT status, amount::text AS amount, currency, attempts, reason, last_attempt_at, next_attempt_at, created_at, updated_at
   FROM payment_transactions WHERE order_id = $1 AND saga_id = $2`,
)

interface Row {
  status: string
  amount: string | null
  currency: string | null
  attempts: number
  reason: string | null
  last_attempt_at: Date | null
  next_attempt_at: Date | null
  created_at: Date
  updated_at: Date
}

/** What payment knows of a saga: its events, and the charge with its refund. */
export const paymentTrail =
  (database: Database, consumer: string): ReadTrail =>
  async (question) => {
    const [row] = await database.query<Row>(record, [question.orderId, question.sagaId])
    return {
      ...(await readDeliveries(database, consumer, question)),
      record:
        row === undefined
          ? null
          : {
              status: row.status,
              at: row.created_at.toISOString(),
              updatedAt: row.updated_at.toISOString(),
              reason: row.reason,
              ...(row.amount !== null && row.currency !== null && { amount: row.amount, currency: row.currency }),
              attempts: row.attempts,
              lastAttemptAt: row.last_attempt_at?.toISOString() ?? null,
              nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
            },
    }
  }
