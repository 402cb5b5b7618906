import { decode, type Message, PoisonMessage, UnreadableVersion } from '@order-saga/chassis'
import { consumedBy } from '@order-saga/contracts'
import { inventoryReactions, type LockedInventory } from '@order-saga/inventory'
import { type LockedSagas, orderReactions } from '@order-saga/order'
import { type EffectIntent, type LockedPayments, paymentReactions } from '@order-saga/payment'
import { v7 as uuidv7 } from 'uuid'
import type { FoundLetter } from '../../inspect/dead-letters/dead-letter.ts'
import type { CommandContext } from '../command-context.ts'
import { type PreviewedService, previewReaction, type ReplayPreview } from './preview-reaction.ts'
import { sagaWords } from '../text.ts'

const nothing = (): void => undefined

export async function previewReplay(
  context: CommandContext,
  { letter, message: dead, provenance }: FoundLetter,
): Promise<ReplayPreview> {
  const { service, replayRefusal } = letter
  if (replayRefusal !== undefined) return { result: 'would_be_refused', why: replayRefusal, untested: [] }
  let message: Message
  try {
    const known = new Map(consumedBy(service).map((event) => [event.name, event]))
    message = decode(dead, provenance.name, known)
  } catch (error) {
    if (error instanceof PoisonMessage) return { result: 'would_be_dead_lettered', why: error.message, untested: [] }
    if (error instanceof UnreadableVersion) return { result: 'would_wait', why: error.message, untested: [] }
    throw error
  }
  if (service === 'notification') {
    const why = 'notification has no inbox: a customer who has the e-mail may receive it again'
    return { result: 'unknown', why, untested: ['the e-mail'] }
  }
  const { now } = context
  const { previewsAsService } = context.databases[service]
  const missingLogin = previewsAsService ? undefined : `${service.toUpperCase()}_RUNTIME_DB_USER`
  switch (service) {
    case 'order':
      return await context.databases[service].preview((database) =>
        previewReaction(database, { ...ofOrder(context), missingLogin }, message, now()),
      )
    case 'payment':
      return await context.databases[service].preview((database) =>
        previewReaction(database, { ...ofPayment(context), missingLogin }, message, now()),
      )
    case 'inventory':
      return await context.databases[service].preview((database) =>
        previewReaction(database, { ...ofInventory(context), missingLogin }, message, now()),
      )
  }
}

function ofOrder({ config }: CommandContext): PreviewedService<LockedSagas> {
  const { orderQueue: queue, refundRetryMs } = config
  return {
    reactions: orderReactions({ queue, refundRetryMs, committed: nothing }),
    noun: 'saga',
    describe: (sagas, { sagaId }) => {
      const state = sagas.get(sagaId)?.state
      if (state === undefined) return 'unknown'
      const seen = [
        ...(state.reservationSeen ? ['reservation seen'] : []),
        ...(state.mismatch ? ['mismatch recorded'] : []),
      ]
      return `${sagaWords(state)}${seen.length === 0 ? '' : ` (${seen.join(', ')})`}`
    },
  }
}

function ofPayment({ config }: CommandContext): PreviewedService<LockedPayments, EffectIntent> {
  const [queue, timeLimitsMs, newId] = [config.paymentQueue, { charge: 0, refund: 0 }, uuidv7]
  return {
    reactions: paymentReactions({ queue, timeLimitsMs, newId, committed: nothing }),
    noun: 'payment',
    describe: (payments, { orderId, sagaId }) => {
      const { status, cancelSeen, refundWanted } = payments.of(orderId, sagaId).state
      const seen = [...(cancelSeen ? ['cancellation seen'] : []), ...(refundWanted ? ['refund wanted'] : [])]
      return `${status}${seen.length === 0 ? '' : ` (${seen.join(', ')})`}`
    },
    describeEffect: ({ effect, payment: { order } }) =>
      `requests from the provider: ${effect} ${order?.amount} ${order?.currency}`,
  }
}

function ofInventory({ config }: CommandContext): PreviewedService<LockedInventory> {
  const policy = { failureRate: config.inventoryFailureRate, acceptUnknownSku: config.unknownSku === 'accept' }
  return {
    reactions: inventoryReactions({ queue: config.inventoryQueue, policy, newId: uuidv7, committed: nothing }),
    noun: 'reservation',
    describe: (inventory, { orderId, sagaId }) => inventory.of(orderId, sagaId).state.status,
  }
}
