import type { SagaLine, SagaStatus } from './answers.ts'

export const statusLabels: Readonly<Record<SagaStatus, string>> = {
  pending: 'Waiting for payment',
  payment_completed: 'Waiting for stock',
  refunding: 'Refunding',
  completed: 'Confirmed',
  cancelled: 'Cancelled',
  timeout_cancelled: 'Timed out',
}

export const statuses = Object.keys(statusLabels) as SagaStatus[]

/** Which sagas a list shows; `any`: blocked by anything. */
export interface SagaFilter {
  readonly status?: SagaStatus
  readonly violations?: boolean
  readonly blocked?: string
  readonly customer?: string
  /** As in the address: `5m`. */
  readonly olderThan?: string
  readonly olderThanMs?: number
}

/** The kinds of blockers, as the console's answers name them. */
export const blockerLabels: Readonly<Record<string, string>> = {
  any: 'anything',
  dead_letter: 'dead letter',
  parked: 'parked event',
  missing_binding: 'missing binding',
  lock: 'locked row',
  breaker: 'open breaker',
  stuck_retry: 'stuck retry',
  unreadable: 'unreadable version',
  no_consumer: 'no consumer',
  charge: 'provider call',
  outbox: 'outbox',
  unacknowledged: 'unacknowledged',
  backlog: 'backlog',
  deadline: 'deadline',
}

export const blockerLabel = (kind: string): string => blockerLabels[kind] ?? kind

/** The overview contains the newest of each status, so a list by status needs no request of its own. */
export const needsRequest = ({ blocked, customer, olderThan }: SagaFilter): boolean =>
  blocked !== undefined || customer !== undefined || olderThan !== undefined

export const isIn = (filter: SagaFilter, { status, violations }: SagaLine): boolean =>
  (filter.status === undefined || status === filter.status) && (filter.violations !== true || violations > 0)

const reasons: Readonly<Record<string, string>> = {
  payment_failed: 'payment failed',
  compensation: 'out of stock',
  timeout: 'deadline passed',
}

export function outcomeOf({ status, reason, compensation, violations }: SagaLine): string {
  const why = status === 'cancelled' && reason !== null ? (reasons[reason] ?? reason) : ''
  const money = compensation === 'refunded' ? 'refunded' : compensation === 'refund_requested' ? 'refund requested' : ''
  const violated = violations === 0 ? '' : violations === 1 ? '1 violation' : `${violations} violations`
  return [why, status === 'refunding' ? '' : money, violated].filter((part) => part !== '').join(', ')
}

export function span(ms: number): string {
  const s = Math.max(0, ms) / 1_000
  if (s < 1) return `${Math.round(s * 1_000)} ms`
  if (s < 10) return `${s.toFixed(1)} s`
  if (s < 60) return `${Math.floor(s)} s`
  if (s < 3_600) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`
  if (s < 86_400) return `${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} min`
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3_600)} h`
}

export function age(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1_000))
  if (s < 60) return `${s} s`
  if (s < 3_600) return `${Math.floor(s / 60)} min`
  return s < 86_400 ? `${Math.floor(s / 3_600)} h` : `${Math.floor(s / 86_400)} d`
}

export const since = (instant: string): number => Date.now() - Date.parse(instant)

export function clock(instant: string): string {
  return new Date(instant).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
}

export function count(value: number): string {
  return value.toLocaleString('en-US').replaceAll(',', '\u202f')
}
