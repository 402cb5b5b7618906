import { Instant, Item, services, Uuid } from '@order-saga/contracts'
import { type Static, Type } from 'typebox'
import { blockerKinds } from '../domain/blockers.ts'
import type { Explanation } from '../domain/explanation.ts'
import type { SagaState } from '../domain/saga.ts'
import type { StoredSagaFacts } from '../store/read-saga-facts.ts'
import { sagaState } from './order-answer.ts'

const strict = { additionalProperties: false } as const
const Milliseconds = Type.Integer({ minimum: 0 })
const Service = Type.Enum([...services])
const State = Type.Object(sagaState, strict)
const PublishedEvents = Type.Array(Type.String(), { description: 'the events it publishes then' })

/** The answer of `GET /sagas/{sagaId}/explain`, from what the order service itself has recorded. */
export const ExplainAnswer = Type.Object(
  {
    sagaId: Uuid,
    orderId: Uuid,
    ...sagaState,
    at: Instant,
    text: Type.String({ description: 'all of it in plain words' }),
    atRest: Type.Boolean({ description: 'nothing is expected to happen any more' }),
    waitsFor: Type.Union([
      Type.Object(
        {
          step: Type.Enum(['payment', 'stock', 'refund']),
          service: Service,
          events: Type.Array(Type.String()),
          since: Instant,
          forMs: Milliseconds,
          usually: Type.Union([
            Type.Object({ p50Ms: Milliseconds, p95Ms: Milliseconds, sagas: Type.Integer() }, strict),
            Type.Null(),
          ]),
          longerThanUsual: Type.Boolean(),
        },
        strict,
      ),
      Type.Null(),
    ]),
    blockers: Type.Array(
      Type.Object(
        {
          kind: Type.Enum([...blockerKinds]),
          cause: Type.String(),
          action: Type.String({ description: 'the next step of an operator' }),
          service: Service,
          since: Type.Union([Instant, Type.Null()]),
          eventId: Type.Union([Uuid, Type.Null()]),
          runbook: Type.String({ description: 'name of the page in docs/runbooks' }),
        },
        strict,
      ),
      {
        description:
          'what keeps it from its next step, as far as the order service can see it: its outbox and its deadline',
      },
    ),
    deadline: Type.Object(
      {
        at: Instant,
        passed: Type.Boolean(),
        leadsTo: Type.Union([Type.Object({ becomes: State, publishes: PublishedEvents }, strict), Type.Null()]),
      },
      strict,
    ),
    refund: Type.Union([
      Type.Object(
        {
          requests: Type.Integer(),
          requestedAgainAt: Type.Union([Instant, Type.Null()]),
          askedAgainAt: Type.Union([Instant, Type.Null()], {
            deprecated: true,
            description: 'the same as requestedAgainAt',
          }),
        },
        strict,
      ),
      Type.Null(),
    ]),
    next: Type.Array(
      Type.Object({ on: Type.String(), from: Service, becomes: State, publishes: PublishedEvents }, strict),
      {
        description: 'everything that may still move it',
      },
    ),
    undo: Type.Array(
      Type.Union([
        Type.Object(
          {
            what: Type.Literal('refund'),
            state: Type.Enum(['possible', 'due', 'requested', 'done']),
            amount: Type.String(),
            currency: Type.String(),
          },
          strict,
        ),
        Type.Object(
          { what: Type.Literal('release'), state: Type.Enum(['possible', 'requested']), items: Type.Array(Item) },
          strict,
        ),
      ]),
    ),
  },
  strict,
)
export type ExplainAnswer = Static<typeof ExplainAnswer>

export function explainAnswer(saga: StoredSagaFacts, explanation: Explanation, now: Date): ExplainAnswer {
  const { text, atRest, waitsFor, blockers, deadline, refund, next, undo } = explanation
  const requestedAgainAt = refund?.requestedAgainAt?.toISOString() ?? null
  const becomes = ({ status, reason, compensation }: SagaState): Static<typeof State> => ({
    status,
    reason,
    compensation,
  })
  return {
    sagaId: saga.sagaId,
    orderId: saga.orderId,
    ...becomes(saga.state),
    at: now.toISOString(),
    text,
    atRest,
    waitsFor: waitsFor && { ...waitsFor, events: [...waitsFor.events], since: waitsFor.since.toISOString() },
    blockers: blockers.map(({ kind, cause, action, service, since, eventId, runbook }) => ({
      kind,
      cause,
      action,
      service,
      since: since?.toISOString() ?? null,
      eventId,
      runbook,
    })),
    deadline: {
      at: deadline.at.toISOString(),
      passed: deadline.passed,
      leadsTo: deadline.leadsTo && {
        becomes: becomes(deadline.leadsTo.becomes),
        publishes: [...deadline.leadsTo.publishes],
      },
    },
    refund: refund && { requests: refund.requests, requestedAgainAt, askedAgainAt: requestedAgainAt },
    next: next.map(({ on, from, becomes: state, publishes }) => ({
      on,
      from,
      becomes: becomes(state),
      publishes: [...publishes],
    })),
    undo: undo.map((each) => (each.what === 'release' ? { ...each, items: [...each.items] } : each)),
  }
}
