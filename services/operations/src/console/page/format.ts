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

/** The lists of sagas beside that of all: a list for each status, and that of the sagas with violations. */
export type SagaFilter = SagaStatus | 'violations'
export const filters: readonly SagaFilter[] = [...statuses, 'violations']

export const isIn = (filter: SagaFilter | undefined, { status, violations }: SagaLine): boolean =>
  filter === undefined || (filter === 'violations' ? violations > 0 : status === filter)

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
