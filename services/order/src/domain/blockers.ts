import type { ServiceName } from '@order-saga/contracts'
import { duration } from './explain-in-words.ts'
import type { LockingSession, RetryFacts, SagaFacts, UndeliveredEvent } from './explanation.ts'
import { isFinal } from './saga.ts'

export const blockerKinds = [
  'dead_letter',
  'parked',
  'missing_binding',
  'stuck_retry',
  'unreadable',
  'lock',
  'breaker',
  'no_consumer',
  'charge',
  'outbox',
  'unacknowledged',
  'backlog',
  'deadline',
] as const
export type BlockerKind = (typeof blockerKinds)[number]

/** An obstacle between a saga and its next step, with its cause and the operator's next action. */
export interface Blocker {
  readonly kind: BlockerKind
  /** A clause without a full stop. */
  readonly cause: string
  readonly action: string
  /** The service whose work is blocked. */
  readonly service: ServiceName
  readonly since: Date | null
  readonly eventId: string | null
  readonly queue: string | null
  /** The runbook for this cause, by its name in docs/runbooks. */
  readonly runbook: string
}

/** A step that takes longer than this is blocked; p99 of each step is below 1 s without a fault (docs/capacity.md). */
export const blockedAfterMs = 3_000

/**
 * All blockers of a saga, in the order of `blockerKinds`: the first is the one to act on. Pure: it sees what the facts
 * contain. The order service knows its own outbox and the deadline, an operator's tool also the other services' records,
 * dead letters, queues, locks and breakers. A final saga is blocked only by an event that one of its consumers still needs.
 */
export function blockersOf(saga: SagaFacts, now: Date): Blocker[] {
  const events = (saga.undelivered ?? []).filter(({ to }) => to !== 'notification')
  const blockers = [
    ...events.flatMap((event) => ofEvent(event, saga, now)),
    ...locksOf(saga, events).map(ofLock),
    ...ofBreakers(saga, events),
    ...ofDeadline(saga, now),
  ]
  return unique(blockers).toSorted((one, other) => blockerKinds.indexOf(one.kind) - blockerKinds.indexOf(other.kind))
}

function ofEvent(event: UndeliveredEvent, saga: SagaFacts, now: Date): Blocker[] {
  const { event: name, from, to, state, queue = null, reason = 'unknown', since = null, eventId = null } = event
  const forMs = since === null ? 0 : now.getTime() - since.getTime()
  const isLate = forMs >= blockedAfterMs
  const about = { since, eventId, queue }
  switch (state) {
    case 'dead_lettered':
      return [
        {
          ...about,
          kind: 'dead_letter',
          service: to,
          cause: `${name} is a dead letter in ${queue}: ${reason}`,
          action: 'correct the cause, then replay the dead letter',
          runbook: 'OrderSagaDeadLetters',
        },
      ]
    case 'parked':
      return [
        {
          ...about,
          kind: 'parked',
          service: from,
          cause: `${name} is parked in the outbox of ${from}: ${reason}`,
          action: 'restore the binding (saga topology repair), then release the event',
          runbook: 'OrderSagaParkedEvents',
        },
      ]
    case 'in_outbox':
      if (event.unroutable !== undefined) {
        return [
          {
            ...about,
            kind: 'missing_binding',
            service: to,
            cause: `${name} cannot be routed from the outbox of ${from}: ${event.unroutable}`,
            action: 'restore the binding (saga topology repair); the relay publishes the event again within a minute',
            runbook: 'OrderSagaMissingBinding',
          },
        ]
      }
      return isLate
        ? [
            {
              ...about,
              kind: 'outbox',
              service: from,
              cause: `${name} is in the outbox of ${from}, not published for ${duration(forMs)}`,
              action: `check that ${from} and the broker are running`,
              runbook: 'OrderSagaOutboxOld',
            },
          ]
        : []
    case 'in_progress':
      return isLate ? [{ ...about, ...ofProvider(saga, forMs) }] : []
    case 'in_flight':
      return ofDelivery(event, isLate, forMs).map((each) => ({ ...about, ...each }))
  }
}

type Cause = Omit<Blocker, 'since' | 'eventId' | 'queue'>

/** A delivery is acknowledged only when its effect is committed; the broker shows only how many messages are ready. */
function ofDelivery(event: UndeliveredEvent, isLate: boolean, forMs: number): Cause[] {
  const { event: name, to, queue, broker, retry } = event
  // It was delivered before, whether or not the queue is bound now.
  if (retry !== undefined) return ofRetry(event, retry, isLate)
  if (broker?.isBound === false) {
    return [
      {
        kind: 'missing_binding',
        service: to,
        cause: `${name} is not processed by ${to}, and ${queue} is not bound to its routing key`,
        action: 'restore the binding (saga topology repair); saga audit names the events that were lost',
        runbook: 'OrderSagaMissingBinding',
      },
    ]
  }
  if (!isLate) return []
  if (broker === undefined) {
    return [
      {
        kind: 'unacknowledged',
        service: to,
        cause: `${name} was published ${duration(forMs)} ago, and ${to} has not processed it`,
        action: `check the queue and the log of ${to}`,
        runbook: 'OrderSagaConsumerStalled',
      },
    ]
  }
  if (broker.consumers === 0) {
    return [
      {
        kind: 'no_consumer',
        service: to,
        cause: `${queue} has no consumer; ${name} was published ${duration(forMs)} ago, ${broker.ready} messages are ready`,
        action: `start ${to}`,
        runbook: 'OrderSagaBacklogGrowing',
      },
    ]
  }
  if (broker.ready > 0) {
    return [
      {
        kind: 'backlog',
        service: to,
        cause: `${name} was published to ${queue} ${duration(forMs)} ago, where ${broker.ready} messages are ready`,
        action: `check that ${to} processes its queue`,
        runbook: 'OrderSagaBacklogGrowing',
      },
    ]
  }
  const retrying = broker.retrying === 0 ? '' : `, or is among the ${broker.retrying} messages in its retry queues`
  return [
    {
      kind: 'unacknowledged',
      service: to,
      cause: `${name} was delivered to ${queue} and is unacknowledged for ${duration(forMs)}${retrying}`,
      action: `see the log of ${to} for the dependency that it waits for; if there is none, the event is lost: saga topology check, saga audit`,
      runbook: 'OrderSagaConsumerStalled',
    },
  ]
}

function ofRetry({ event: name, to }: UndeliveredEvent, retry: RetryFacts, isLate: boolean): Cause[] {
  const { queue, state, attempt, reason } = retry
  if (state === 'waiting') {
    return isLate
      ? [
          {
            kind: 'unacknowledged',
            service: to,
            cause: `${name} waits in ${queue} for attempt ${attempt}: ${reason}`,
            action: 'correct the cause; the broker returns the event by itself',
            runbook: 'OrderSagaConsumerStalled',
          },
        ]
      : []
  }
  if (state === 'unreadable') {
    return [
      {
        kind: 'unreadable',
        service: to,
        cause: `${name} waits in ${queue}, as this release of ${to} cannot read it: ${reason}`,
        action: `upgrade ${to}; the broker returns the event by itself`,
        runbook: 'OrderSagaUnreadableVersion',
      },
    ]
  }
  const age = state === 'stuck' ? 'is stuck' : 'is, for an unknown time,'
  return [
    {
      kind: 'stuck_retry',
      service: to,
      cause: `${name} ${age} in ${queue} before attempt ${attempt}: ${reason}`,
      action: `move it back to its queue: saga retries move ${queue}`,
      runbook: 'OrderSagaRetriesStranded',
    },
  ]
}

function ofProvider({ payment }: SagaFacts, forMs: number): Cause {
  const effect = payment?.status === 'refunding' ? 'refund' : 'charge'
  const attempt = (payment?.attempts ?? 0) + 1
  return {
    kind: 'charge',
    service: 'payment',
    cause: `${effect} in flight at the provider for ${duration(forMs)}, attempt ${attempt}`,
    action: 'check the provider; payment looks the result up by its key until it is known',
    runbook: 'OrderSagaChargeInFlight',
  }
}

/** Locks on the rows of the saga, and others that delay a service which still has to process one of its events. */
function locksOf({ locks = [] }: SagaFacts, events: readonly UndeliveredEvent[]): LockingSession[] {
  const rows = locks.filter(({ isRow }) => isRow)
  return [
    ...rows,
    ...locks.filter(
      ({ isRow, service, pid }) =>
        !isRow && !rows.some((row) => row.pid === pid) && events.some(({ to }) => to === service),
    ),
  ]
}

function ofLock({ service, pid, application, what, since, transactionSince }: LockingSession): Blocker {
  const held = transactionSince === null ? '' : `, transaction since ${transactionSince.toISOString().slice(0, 19)}Z`
  const session =
    pid === null ? 'a prepared transaction' : `session ${pid} (${application ?? 'no application name'}${held})`
  return {
    kind: 'lock',
    service,
    cause: `${what} in the database of ${service} is locked by ${session}`,
    action: pid === null ? 'end the prepared transaction' : `end it if nobody needs it: saga locks ${pid} --cancel`,
    since: transactionSince ?? since,
    eventId: null,
    queue: null,
    runbook: 'OrderSagaConsumerStalled',
  }
}

/** An open breaker pauses all work of its service that needs the dependency. */
function ofBreakers({ breakers = [] }: SagaFacts, events: readonly UndeliveredEvent[]): Blocker[] {
  return breakers
    .filter(({ service }) => events.some(({ to, state }) => to === service && state.startsWith('in_')))
    .map(({ service, dependency, since }) => ({
      kind: 'breaker',
      service,
      cause: `the circuit breaker of ${service} for the ${dependency} is open`,
      action: `restore the ${dependency}; the breaker closes by itself`,
      since,
      eventId: null,
      queue: null,
      runbook: 'OrderSagaBreakerOpen',
    }))
}

function ofDeadline({ state, deadline }: SagaFacts, now: Date): Blocker[] {
  if (isFinal(state.status) || state.status === 'refunding') return []
  const lateMs = now.getTime() - deadline.getTime()
  const about = { kind: 'deadline', service: 'order', since: deadline, eventId: null, queue: null } as const
  if (lateMs >= blockedAfterMs) {
    return [
      {
        ...about,
        cause: `the deadline passed ${duration(lateMs)} ago and the order is not cancelled`,
        action: 'check that order is running and can write to its database',
        runbook: 'OrderSagaPastDeadline',
      },
    ]
  }
  return state.mismatch
    ? [
        {
          ...about,
          cause: 'a payment or reservation does not match the order: only the deadline ends the saga',
          action: `wait for the deadline at ${deadline.toISOString().slice(0, 19)}Z, and find the publisher of the event`,
          runbook: 'OrderSagaProtocolViolation',
        },
      ]
    : []
}

function unique(blockers: readonly Blocker[]): Blocker[] {
  return [...new Map(blockers.map((blocker) => [blocker.cause, blocker])).values()]
}
