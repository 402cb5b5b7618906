import { decode, type Message, PoisonMessage } from '@order-saga/chassis'
import { consumedBy, type ServiceName } from '@order-saga/contracts'
import { inventoryReactions, type Warehouse } from '@order-saga/inventory'
import { orderReactions, type SagaBook } from '@order-saga/order'
import { type PaymentBook, paymentReactions } from '@order-saga/payment'
import type { ConsumeMessage } from 'amqplib'
import { v7 as uuidv7 } from 'uuid'
import { nameOf } from '../../inspect/dead-letters/dead-letter.ts'
import type { CommandContext } from '../command-context.ts'
import { sagaWords } from '../sagas/saga-words.ts'
import { type PreviewedService, previewReaction } from './preview-reaction.ts'
import type { ReplayPreview } from './replay-preview.ts'

const nothing = (): void => undefined

/** Says what the message would do at the service if it were delivered now; changes nothing. */
export async function previewReplay(
  context: CommandContext,
  service: ServiceName,
  dead: ConsumeMessage,
): Promise<ReplayPreview> {
  let message: Message
  try {
    const known = new Map(consumedBy(service).map((event) => [event.name, event]))
    message = decode({ ...dead, properties: { ...dead.properties, type: nameOf(dead) } }, known)
  } catch (error) {
    if (error instanceof PoisonMessage) return { verdict: 'dies_again', why: error.message }
    throw error
  }
  if (service === 'notification') {
    return { verdict: 'unknown', why: 'notification keeps no inbox: a customer who has the e-mail may get it again' }
  }
  const { now } = context
  switch (service) {
    case 'order':
      return await context.databases[service].change((database) =>
        previewReaction(database, ofOrder(context), message, now()),
      )
    case 'payment':
      return await context.databases[service].change((database) =>
        previewReaction(database, ofPayment(context), message, now()),
      )
    case 'inventory':
      return await context.databases[service].change((database) =>
        previewReaction(database, ofInventory(context), message, now()),
      )
  }
}

function ofOrder({ config }: CommandContext): PreviewedService<SagaBook> {
  const { orderQueue: queue, refundRetryMs } = config
  return {
    reactions: orderReactions({ queue, refundRetryMs, committed: nothing }),
    noun: 'saga',
    describe: (sagas, { sagaId }) => {
      const state = sagas.get(sagaId)?.state
      return state === undefined ? 'unknown' : sagaWords(state)
    },
  }
}

function ofPayment({ config, now }: CommandContext): PreviewedService<PaymentBook> {
  const never = { timeLimitMs: 0, charge: () => Promise.resolve(), start: nothing }
  const [queue, charger, refunder, newId] = [config.paymentQueue, never, never, uuidv7]
  return {
    reactions: paymentReactions({ queue, charger, refunder, now, newId, committed: nothing }),
    noun: 'payment',
    describe: (payments, { orderId, sagaId }) => {
      const { status, cancelSeen, refundWanted } = payments.of(orderId, sagaId).state
      const seen = [...(cancelSeen ? ['cancellation seen'] : []), ...(refundWanted ? ['refund wanted'] : [])]
      return `${status}${seen.length === 0 ? '' : ` (${seen.join(', ')})`}`
    },
    effect: (payments, { orderId, sagaId }, started) => {
      const { amount, currency, state } = payments.of(orderId, sagaId)
      if (started) return `asks the provider to charge ${amount} ${currency}`
      const refunds = state.status === 'refunding' && payments.changed().length > 0
      return refunds ? `asks the provider to refund ${amount} ${currency}` : undefined
    },
  }
}

function ofInventory({ config, now }: CommandContext): PreviewedService<Warehouse> {
  const policy = { failureRate: config.inventoryFailureRate, acceptUnknownSku: config.unknownSku === 'accept' }
  return {
    reactions: inventoryReactions({
      queue: config.inventoryQueue,
      policy,
      now,
      newId: uuidv7,
      committed: nothing,
    }),
    noun: 'reservation',
    describe: (warehouse, { orderId, sagaId }) => warehouse.reservationOf(orderId, sagaId).status,
  }
}
