import { type ServiceName, services, type TrailQuestion } from '@order-saga/contracts'
import { readDeliveries } from '@order-saga/chassis'
import { explain } from '../domain/explain.ts'
import { findSaga, type SagaStory } from '../store/read-saga-facts.ts'
import type { UsualTimes } from '../store/read-step-times.ts'
import type { Console } from './console.ts'
import { askTrail } from './other-services.ts'
import type { SagaDetail } from './page/answers.ts'
import { timelineOf, type Trails } from './timeline.ts'

/** One saga with its way through all services; undefined when neither a saga nor an order has the id. */
export async function readSagaDetail(console: Console, usual: UsualTimes, id: string): Promise<SagaDetail | undefined> {
  const { database, now } = console.options
  const [saga, times] = await console.patience.run(() => Promise.all([findSaga(database, id), usual()]))
  if (saga === undefined) return undefined
  const [trails, deadLetters] = await Promise.all([askAll(console, saga), console.deadLettersOf(saga.sagaId)])
  const { text, atRest, waitsFor } = explain(saga, times, now())
  const { sagaId, orderId, customerId, state, amount, currency, items } = saga
  return {
    sagaId,
    orderId,
    customerId,
    ...state,
    amount,
    currency,
    createdAt: saga.createdAt.toISOString(),
    deadline: saga.deadline.toISOString(),
    finishedAt: saga.finishedAt?.toISOString() ?? null,
    items,
    explanation: text,
    atRest,
    waitsFor: waitsFor && {
      service: waitsFor.service,
      events: waitsFor.events,
      since: waitsFor.since.toISOString(),
      usually: waitsFor.usually,
    },
    ...timelineOf({ saga, trails, deadLetters }),
  }
}

async function askAll(console: Console, saga: SagaStory): Promise<Trails> {
  const { database, others, queues } = console.options
  const { sagaId, orderId, history } = saga
  const question: TrailQuestion = { sagaId, orderId, events: history.map(({ eventId }) => eventId) }
  const own = console.patience.run(() => readDeliveries(database, queues.order, question))
  const asked = await Promise.all(
    services.map(async (service: ServiceName) => {
      if (service === 'order') return [service, { state: 'answered', trail: { ...(await own), record: null } }]
      return [service, await askTrail(others[service], question)]
    }),
  )
  return Object.fromEntries(asked) as Trails
}
