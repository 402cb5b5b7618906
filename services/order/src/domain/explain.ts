import type { ServiceName } from '@order-saga/contracts'
import { inWords } from './explain-in-words.ts'
import type { Explanation, NextStep, SagaFacts, Step, StepTimes, Undo } from './explanation.ts'
import { decide, type SagaInput, type SagaState } from './saga.ts'

const inputs: readonly { readonly input: SagaInput; readonly from: ServiceName }[] = [
  { input: { on: 'payment.completed' }, from: 'payment' },
  { input: { on: 'payment.failed', reason: 'declined' }, from: 'payment' },
  { input: { on: 'inventory.reserved' }, from: 'inventory' },
  { input: { on: 'inventory.failed' }, from: 'inventory' },
  { input: { on: 'payment.refunded' }, from: 'payment' },
  { input: { on: 'deadline' }, from: 'order' },
  { input: { on: 'overdue' }, from: 'order' },
]

const answersOf: Readonly<
  Record<Step, { readonly service: ServiceName; readonly events: readonly SagaInput['on'][] }>
> = {
  payment: { service: 'payment', events: ['payment.completed', 'payment.failed'] },
  stock: { service: 'inventory', events: ['inventory.reserved', 'inventory.failed'] },
  refund: { service: 'payment', events: ['payment.refunded'] },
}

/**
 * Says where a saga stands, what it waits for, and what comes then. Pure and total: what may come is asked of `decide`,
 * so that the explanation cannot drift from the saga.
 */
export function explain(saga: SagaFacts, usual: Readonly<Partial<Record<Step, StepTimes>>>, now: Date): Explanation {
  const { state, deadline } = saga
  const step = awaited(state)
  const forMs = Math.max(0, now.getTime() - saga.since.getTime())
  const usually = step === null ? null : (usual[step] ?? null)
  const atDeadline = decide(state, { on: 'deadline' })
  const facts = {
    atRest: step === null,
    waitsFor: step && {
      step,
      ...answersOf[step],
      since: saga.since,
      forMs,
      usually,
      longerThanUsual: usually !== null && forMs > usually.p95Ms,
    },
    deadline: {
      at: deadline,
      passed: deadline.getTime() <= now.getTime(),
      leadsTo: atDeadline.kind === 'decided' ? { becomes: atDeadline.state, publishes: [...atDeadline.publish] } : null,
    },
    refund: state.compensation === 'none' ? null : { requests: saga.refundRequests, askedAgainAt: saga.refundDueAt },
    next: nextOf(state),
    undo: undoOf(saga),
  }
  return { text: inWords(saga, facts, now), ...facts }
}

/** The step whose answer the saga waits for; null when it has come to rest. */
function awaited({ status, compensation }: SagaState): Step | null {
  if (status === 'pending') return 'payment'
  if (status === 'payment_completed') return 'stock'
  return status === 'refunding' || (status === 'timeout_cancelled' && compensation === 'refund_requested')
    ? 'refund'
    : null
}

function nextOf(state: SagaState): NextStep[] {
  return inputs.flatMap(({ input, from }) => {
    const decision = decide(state, input)
    return decision.kind === 'decided'
      ? [{ on: input.on, from, becomes: decision.state, publishes: [...decision.publish] }]
      : []
  })
}

const refundAfter = { none: 'possible', refund_requested: 'requested', refunded: 'done' } as const

function undoOf({ state: { status, compensation }, amount, currency, items }: SagaFacts): Undo[] {
  const refund = (state: Extract<Undo, { what: 'refund' }>['state']): Undo => ({
    what: 'refund',
    state,
    amount,
    currency,
  })
  const release = (state: Extract<Undo, { what: 'release' }>['state']): Undo => ({ what: 'release', state, items })
  switch (status) {
    case 'pending':
      return [refund('possible'), release('possible')]
    case 'payment_completed':
      return [refund('due'), release('possible')]
    case 'refunding':
      return [refund('requested')]
    case 'completed':
      return []
    case 'cancelled':
      return compensation === 'none' ? [] : [refund(refundAfter[compensation])]
    case 'timeout_cancelled':
      // order.cancelled is out, and inventory does not say when it has released.
      return [refund(refundAfter[compensation]), release('requested')]
  }
}
