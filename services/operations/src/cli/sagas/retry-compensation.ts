import { commitWithEvents, type UnitOfWork } from '@order-saga/chassis'
import { advance, decide, lockSagas, type SagaRecord, saveSagas } from '@order-saga/order'
import { v7 as uuidv7 } from 'uuid'
import { type Actor, assertRecordable, recordAct } from '../../inspect/operator-acts.ts'
import { readSaga } from '../../inspect/saga-facts.ts'
import type { CommandContext } from '../command-context.ts'
import { deprecatedResult, type Result } from '../result.ts'
import { unknownSaga } from './show-saga.ts'
import { fromNow, instant, sagaWords } from '../text.ts'

/** The relay of the order service polls the outbox and publishes the event. */
const outboxOnly: UnitOfWork['relay'] = { accepts: false, offer: () => undefined }

const overdue = { on: 'overdue' } as const

/**
 * Requests the refund of a saga again, as the order service does when it is overdue: with a new event, the next automatic
 * request counted from now. State, event and the record of the act are one transaction. Without an actor it is a preview.
 */
export async function retryCompensation(
  context: CommandContext,
  id: string,
  actor: Actor | undefined,
): Promise<Result> {
  const facts = await readSaga(context.databases.order, id)
  if (facts === undefined) return unknownSaga(id)
  if (actor === undefined) {
    return decide(facts, overdue).kind === 'ignored'
      ? notWaiting(facts)
      : resultOf(facts, facts.refundRequests + 1, null, context)
  }
  await context.databases.order.change(assertRecordable)
  const saga = await context.databases.order.change((database) =>
    commitWithEvents({ database, relay: outboxOnly, now: context.now, newId: uuidv7 }, async (tx, reaction) => {
      const locked = (await lockSagas(tx, [facts.sagaId])).get(facts.sagaId)
      if (locked === undefined) return undefined
      const before = locked.added.length
      advance(locked, overdue, { ...reaction, refundRetryMs: context.config.refundRetryMs })
      if (locked.added.length === before) return undefined
      saveSagas(tx, [locked], reaction.now)
      recordAct(tx, actor, {
        act: 'retry_compensation',
        subject: locked.sagaId,
        place: 'order database',
        event: 'payment.refund.requested',
        sagaId: locked.sagaId,
        detail: { eventId: locked.added.at(-1)?.eventId, requests: locked.refundRequests },
      })
      return locked
    }),
  )
  if (saga === undefined) return notWaiting((await readSaga(context.databases.order, id)) ?? facts)
  return resultOf(facts, saga.refundRequests, saga, context)
}

interface About {
  readonly sagaId: string
  readonly orderId: string
}

function resultOf(
  { sagaId, orderId }: About,
  requests: number,
  saga: SagaRecord | null,
  { now }: CommandContext,
): Result {
  const result = saga === null ? 'would_request' : 'requested'
  const eventId = saga?.added.at(-1)?.eventId ?? null
  const refundDueAt = saga?.refundDueAt ?? null
  const next =
    refundDueAt === null
      ? ''
      : `; the next automatic request is ${fromNow(refundDueAt, now())}, at ${instant(refundDueAt)}`
  return {
    items: [{ sagaId, orderId, result, outcome: deprecatedResult(result), requests, eventId, refundDueAt }],
    summary: { changed: saga === null ? 0 : 1 },
    text: `${result.replace('_', ' ')} the refund of saga ${sagaId}, request ${requests}${next}`,
    wrong: false,
  }
}

function notWaiting(saga: About & Parameters<typeof sagaWords>[0]): Result {
  return {
    items: [
      {
        sagaId: saga.sagaId,
        orderId: saga.orderId,
        result: 'not_waiting',
        outcome: 'not_waiting',
        status: saga.status,
      },
    ],
    summary: { changed: 0 },
    text: `Saga ${saga.sagaId} has no pending refund: it is ${sagaWords(saga)}.`,
    wrong: true,
  }
}
