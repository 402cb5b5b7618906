/** The ways an order may go, by the outcome that `saga_finished_total` counts it under. */
export const flowNames = ['confirmed', 'payment_failed', 'compensation', 'timeout'] as const
export type FlowName = (typeof flowNames)[number]

/** Where a saga stands, as GET /sagas/{sagaId} says it. */
export interface SagaState {
  readonly status: string
  readonly reason: string | null
  readonly compensation: string
}

export interface Flow {
  /** What makes the services take this way while nothing is configured to fail; docs/payment-provider.md lists the triggers. */
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
    // Beside an article that is in stock: a reservation of that one alone must not stay.
    extraSku: 'SIM-NONE',
    end: { status: 'cancelled', reason: 'compensation', compensation: 'refunded' },
  },
  timeout: {
    // Is charged after its deadline, so the money must come back.
    customerEmail: 'slow@example.com',
    end: { status: 'timeout_cancelled', reason: 'timeout', compensation: 'refunded' },
  },
}

const patternWithout: readonly FlowName[] = ['confirmed', 'payment_failed', 'confirmed', 'compensation', 'confirmed']
const patternWith: readonly FlowName[] = ['timeout', 'confirmed', 'payment_failed', 'compensation', 'confirmed']

/** The flow of each order, mixed so that no service sees one kind alone. */
export function planFlows(orders: number, withTimeout: boolean): FlowName[] {
  const pattern = withTimeout ? patternWith : patternWithout
  return Array.from({ length: orders }, (_, index) => pattern[index % pattern.length] ?? 'confirmed')
}

export function isAt(saga: SagaState, end: SagaState): boolean {
  return saga.status === end.status && saga.reason === end.reason && saga.compensation === end.compensation
}

/** True when waiting longer cannot bring the saga to that end. */
export function hasMissed(saga: SagaState, end: SagaState): boolean {
  const final = ['completed', 'cancelled', 'timeout_cancelled'].includes(saga.status)
  // A late charge still turns `none` of a timeout into a refund.
  return final && (saga.status !== end.status || saga.reason !== end.reason)
}

/** A saga's place in a word or three, for people. */
export function describe({ status, reason, compensation }: SagaState): string {
  return [status, reason, compensation === 'none' ? null : compensation].filter((part) => part !== null).join(', ')
}
