import { consumedBy } from '@order-saga/contracts'
import { type ChassisMetrics, type Database, createGaugeRefresh, statement } from '@order-saga/chassis'
import { Counter, Gauge, Histogram } from 'prom-client'
import { isFinal, sagaStatuses } from './domain/saga.ts'
import { type SagaRecord, violationsOf } from './store/sagas.ts'

const openStatuses = sagaStatuses.filter((status) => !isFinal(status))

const measureOpen = statement(
  'saga-gauges',
  `SELECT status, count(*) AS count, min(created_at) AS oldest,
     count(*) FILTER (WHERE status <> 'refunding' AND timeout_at <= $1) AS past_deadline
   FROM saga_instances WHERE status IN ('pending', 'payment_completed', 'refunding') GROUP BY status`,
)
const measureOverdue = statement(
  'saga-gauges-overdue',
  'SELECT count(*) AS count FROM saga_instances WHERE refund_due_at <= $1 OR refund_requests > 1 AND refund_due_at IS NOT NULL',
)

interface OpenRow {
  status: string
  count: number
  oldest: Date
  past_deadline: number
}

/** How sagas end, and those that have not. */
export interface SagaMetrics {
  readonly started: (count: number) => void
  /** Counts the sagas that reached a final status, and the violations, in the transaction just committed. */
  readonly committed: (sagas: Iterable<SagaRecord>) => void
  /** Reads the open sagas once and sets their gauges; they have no value while that fails. */
  readonly measure: (database: Database, now: () => Date) => () => Promise<void>
}

export function createSagaMetrics({ registry }: ChassisMetrics): SagaMetrics {
  const registers = [registry]
  const started = new Counter({ name: 'saga_started_total', help: 'Orders accepted; sum over pods.', registers })
  const finished = new Counter({
    name: 'saga_finished_total',
    help: 'Completed sagas by outcome: confirmed, payment_failed, compensation, timeout; sum over pods.',
    labelNames: ['outcome'],
    registers,
  })
  const duration = new Histogram({
    name: 'saga_duration_seconds',
    help: 'Time from the acceptance of an order to the final status of its saga.',
    labelNames: ['outcome'],
    buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 90, 120, 300, 1800],
    registers,
  })
  const open = new Gauge({
    name: 'saga_open',
    help: 'Sagas that have not ended, by status; the same in every order pod, so take the maximum.',
    labelNames: ['status'],
    registers,
  })
  const oldest = new Gauge({
    name: 'saga_oldest_open_seconds',
    help: 'Age of the oldest saga that has not ended, 0 when there is none; take the maximum over pods.',
    registers,
  })
  const pastDeadline = new Gauge({
    name: 'saga_past_deadline',
    help: 'Sagas that have not ended though their deadline is over; take the maximum over pods.',
    registers,
  })
  const overdue = new Gauge({
    name: 'saga_compensations_overdue',
    help: 'Refunds that were requested more than once; take the maximum over pods.',
    registers,
  })
  const violations = new Counter({
    name: 'saga_protocol_violations_total',
    help: 'Events that break the protocol of the saga or do not match its order, by event; sum over pods.',
    labelNames: ['event'],
    registers,
  })
  for (const { name } of consumedBy('order')) violations.inc({ event: name }, 0)
  for (const outcome of ['confirmed', 'payment_failed', 'compensation', 'timeout']) finished.inc({ outcome }, 0)
  return {
    started: (count) => started.inc(count),
    committed: (sagas) => {
      for (const saga of sagas) {
        const { finishedAt, isNewlyFinished, createdAt, state } = saga
        for (const { event } of violationsOf(saga)) violations.inc({ event })
        if (finishedAt === null || !isNewlyFinished) continue
        const outcome = state.reason ?? 'confirmed'
        finished.inc({ outcome })
        duration.observe({ outcome }, (finishedAt.getTime() - createdAt.getTime()) / 1000)
      }
    },
    measure: (database, clock) =>
      createGaugeRefresh([open, oldest, pastDeadline, overdue], async () => {
        const now = clock()
        const rows = await database.query<OpenRow>(measureOpen, [now])
        const [late] = await database.query<{ count: number }>(measureOverdue, [now])
        for (const status of openStatuses) open.set({ status }, rows.find((row) => row.status === status)?.count ?? 0)
        const ages = rows.map((row) => now.getTime() - row.oldest.getTime())
        oldest.set(Math.max(0, ...ages) / 1000)
        pastDeadline.set(rows.reduce((sum, row) => sum + row.past_deadline, 0))
        overdue.set(late?.count ?? 0)
      }),
  }
}
