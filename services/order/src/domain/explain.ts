import type { ServiceName } from '@order-saga/contracts'
import { blockersOf } from './blockers.ts'
import { inWords, needInWords, undeliveredInWords } from './explain-in-words.ts'
import type { Explanation, NextStep, SagaFacts, Step, StepTimes, Undo, UndeliveredEvent } from './explanation.ts'
import { decide, type SagaInput, type SagaState, type SagaStatus } from './saga.ts'

const inputs: readonly { readonly input: SagaInput; readonly from: ServiceName }[] = [
  { input: { on: 'payment.completed', matches: true }, from: 'payment' },
  { input: { on: 'payment.failed', reason: 'declined' }, from: 'payment' },
  { input: { on: 'inventory.reserved', matches: true }, from: 'inventory' },
  { input: { on: 'inventory.failed' }, from: 'inventory' },
  { input: { on: 'payment.refunded', matches: true }, from: 'payment' },
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
 * Explains the state of a saga, what it waits for, and what comes then. Pure and total: what may come is what `decide`
 * says, so that the explanation cannot drift from the saga. The order API calls it with what the order service owns,
 * the operator's tools with the records of all services: the more is known, the more precise is `needs`.
 */
export function explain(saga: SagaFacts, usual: Readonly<Partial<Record<Step, StepTimes>>>, now: Date): Explanation {
  const { state, deadline } = saga
  const step = awaited(state)
  const forMs = Math.max(0, now.getTime() - saga.since.getTime())
  const usually = step === null ? null : (usual[step] ?? null)
  const atDeadline = decide(state, { on: 'deadline' })
  const waitsFor = step && {
    step,
    ...answersOf[step],
    since: saga.since,
    forMs,
    usually,
    longerThanUsual: usually !== null && forMs > usually.p95Ms,
  }
  const needs = needsOf(saga, waitsFor)
  const facts = {
    atRest: needs === null,
    waitsFor,
    needs,
    blockers: blockersOf(saga, now),
    deadline: {
      at: deadline,
      passed: deadline.getTime() <= now.getTime(),
      leadsTo: atDeadline.kind === 'decided' ? { becomes: atDeadline.state, publishes: [...atDeadline.publish] } : null,
    },
    refund:
      state.compensation === 'none' ? null : { requests: saga.refundRequests, requestedAgainAt: saga.refundDueAt },
    next: nextOf(state),
    undo: undoOf(saga),
  }
  return { text: inWords(saga, facts, now), ...facts }
}

/** The step whose answer the saga waits for; null when it waits for none. */
function awaited({ status, compensation }: SagaState): Step | null {
  if (status === 'pending') return 'payment'
  if (status === 'payment_completed') return 'stock'
  return status === 'refunding' || (status === 'timeout_cancelled' && compensation === 'refund_requested')
    ? 'refund'
    : null
}

const urgency = ['dead_lettered', 'parked', 'in_outbox', 'in_progress', 'in_flight'] as const

/** An event that is not delivered comes first, what an operator has to do before all; an e-mail holds up no saga. */
function needsOf(saga: SagaFacts, waitsFor: Explanation['waitsFor']): Explanation['needs'] {
  const undelivered = (saga.undelivered ?? []).filter(({ to }) => to !== 'notification')
  const [first] = undelivered.toSorted((one, other) => urgency.indexOf(one.state) - urgency.indexOf(other.state))
  if (first !== undefined) {
    return { what: undeliveredInWords(first, saga), from: owedBy(first), since: first.since ?? null }
  }
  return waitsFor && { what: needInWords(waitsFor, saga), from: waitsFor.service, since: waitsFor.since }
}

function owedBy({ state, from, to }: UndeliveredEvent): ServiceName {
  return state === 'parked' || state === 'in_outbox' ? from : to
}

/** When a saga came to its present state, by its history; a repeated request for a refund counts from the first. */
export function stateSince(
  history: readonly { readonly at: string; readonly event: string; readonly status: SagaStatus }[],
  { status, compensation }: SagaState,
): Date | undefined {
  const entry =
    compensation === 'refund_requested'
      ? history.find(({ event }) => event === 'payment.refund.requested')
      : history.find((each) => each.status === status)
  return entry && new Date(entry.at)
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
      // order.cancelled is published, and inventory does not answer it.
      return [refund(refundAfter[compensation]), release('requested')]
  }
}
