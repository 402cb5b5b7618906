/** Flows by their label `outcome` in `saga_finished_total`. */
export const flowNames = ['confirmed', 'payment_failed', 'compensation', 'timeout'] as const
export type FlowName = (typeof flowNames)[number]

/** The state in the response to GET /sagas/{sagaId}. */
export interface SagaState {
  readonly status: string
  readonly reason: string | null
  readonly compensation: string
}

export interface Flow {
  /** Triggers the flow in the simulated provider; docs/payment-provider.md lists the addresses. */
  readonly customerEmail: string
  readonly extraSku?: string
  readonly end: SagaState
}

export const flows: Readonly<Record<FlowName, Flow>> = {
  confirmed: {
    customerEmail: 'drill@example.com',
    end: { status: 'completed', reason: null, compensation: 'none' },
  },
  payment_failed: {
    customerEmail: 'decline@example.com',
    end: { status: 'cancelled', reason: 'payment_failed', compensation: 'none' },
  },
  compensation: {
    customerEmail: 'drill@example.com',
    // Ordered with an SKU that is in stock, whose reservation must be released.
    extraSku: 'SIM-NONE',
    end: { status: 'cancelled', reason: 'compensation', compensation: 'refunded' },
  },
  timeout: {
    // Charged after the deadline, so refunded.
    customerEmail: 'slow@example.com',
    end: { status: 'timeout_cancelled', reason: 'timeout', compensation: 'refunded' },
  },
}

const patternWithout: readonly FlowName[] = ['confirmed', 'payment_failed', 'confirmed', 'compensation', 'confirmed']
const patternWith: readonly FlowName[] = ['timeout', 'confirmed', 'payment_failed', 'compensation', 'confirmed']

export function planFlows(orders: number, withTimeout: boolean): FlowName[] {
  const pattern = withTimeout ? patternWith : patternWithout
  return Array.from({ length: orders }, (_, index) => pattern[index % pattern.length] ?? 'confirmed')
}

export function isAt(saga: SagaState, end: SagaState): boolean {
  return saga.status === end.status && saga.reason === end.reason && saga.compensation === end.compensation
}

export const isFinal = ({ status }: SagaState): boolean =>
  ['completed', 'cancelled', 'timeout_cancelled'].includes(status)

/** Whether the saga is final and cannot reach the expected state. */
export function hasMissed(saga: SagaState, end: SagaState): boolean {
  // The compensation of a timeout may still change from `none` after a late charge.
  return isFinal(saga) && (saga.status !== end.status || saga.reason !== end.reason)
}

export function describe({ status, reason, compensation }: SagaState): string {
  return [status, reason, compensation === 'none' ? null : compensation].filter((part) => part !== null).join(', ')
}
