import type { EventName } from '@order-saga/contracts'
import type { Effect, Reaction } from '@order-saga/chassis'
import { moveStock } from '../../services/inventory/src/domain/stock.ts'
import { newSaga } from '../../services/order/src/domain/saga.ts'
import { unknownPayment } from '../../services/payment/src/domain/payment.ts'
import { dateOf } from './clock.ts'
import { created, orderId, quantity, sagaId, sku } from './order-under-test.ts'
import { forgeries } from './forgeries.ts'
import { attacked, misreported, type Parts, production, upgrading } from './parts.ts'
import { asPreviousRelease, previousAdvance, previousReactions } from './releases.ts'

/** A defective variant of the system, which the check must detect. */
export interface Mutant {
  readonly name: string
  readonly parts: Parts
  /** The invariant it violates first. */
  readonly violates: string
  /** Steps of the shortest way there, from the accepted order on. */
  readonly steps: number
}

type React<S, E extends Effect> = Reaction<S, E>['react']

/** The reactions with another one to this event; it is given the production reaction to use. */
function instead<S, E extends Effect>(
  reactions: readonly Reaction<S, E>[],
  name: EventName,
  other: (react: React<S, E>) => React<S, E>,
): readonly Reaction<S, E>[] {
  return reactions.map((reaction) =>
    reaction.event.name === name ? { ...reaction, react: other(reaction.react) } : reaction,
  )
}

const { order, payment, inventory } = production

function mutant(name: string, different: Partial<Parts>, violates: string, steps: number): Mutant {
  return { name, parts: { ...production, ...different }, violates, steps }
}

const previousOrder = { order: previousReactions(order), advanceSaga: previousAdvance(production.advanceSaga) }

const neverProven: Parts['advanceSaga'] = (saga, input, context) => {
  if (input.on !== 'deadline' || !saga.state.reservationSeen || saga.state.status !== 'payment_completed') {
    production.advanceSaga(saga, input, context)
  }
}

/** Defects in the decisions of the services. */
const decisions: readonly Mutant[] = [
  mutant(
    'payment leaves no tombstone for a cancellation that comes first',
    {
      payment: instead(payment, 'order.cancelled', (react) => (message, payments, context) => {
        if (payments.of(orderId, sagaId).state !== unknownPayment) return react(message, payments, context)
      }),
    },
    'a charge is started after the cancellation was seen',
    3,
  ),
  mutant(
    'inventory leaves no tombstone for a cancellation that comes first',
    {
      inventory: instead(inventory, 'order.cancelled', (react) => (message, locked, context) => {
        if (locked.of(orderId, sagaId).state.status !== 'none') return react(message, locked, context)
      }),
    },
    'a cancelled order holds stock',
    15,
  ),
  mutant(
    'payment charges also after the deadline',
    {
      isExpired: () => false,
      payment: instead(
        payment,
        'order.created',
        (react) => (message, payments, context) => react(message, payments, { ...context, now: dateOf(0) }),
      ),
    },
    'a charge is started at or after the deadline',
    3,
  ),
  mutant(
    'order ignores a payment that comes after the deadline',
    {
      order: ['payment.completed', 'inventory.reserved', 'inventory.failed'].reduce<Parts['order']>(
        (reactions, name) =>
          instead(reactions, name as EventName, (react) => (message, sagas, context) => {
            if (sagas.get(sagaId)?.state.status !== 'timeout_cancelled') return react(message, sagas, context)
          }),
        order,
      ),
    },
    'a cancelled order keeps money',
    10,
  ),
  mutant(
    'inventory keeps the reservation of a cancelled order',
    {
      inventory: instead(inventory, 'order.cancelled', (react) => (message, locked, context) => {
        if (locked.of(orderId, sagaId).state.status !== 'reserved') return react(message, locked, context)
      }),
    },
    'a cancelled order holds stock',
    15,
  ),
  mutant(
    'inventory releases the items of every cancelled order, reserved or not',
    {
      inventory: instead(inventory, 'order.cancelled', (react) => (message, locked, context) => {
        const reservation = locked.of(orderId, sagaId)
        if (reservation.state.status !== 'none') return react(message, locked, context)
        const items = [{ sku, qty: quantity, tracked: true }]
        locked.update(reservation, {
          ...reservation.state,
          items,
          stock: moveStock(locked.stockOf(items), items, 'release'),
        })
        return react(message, locked, context)
      }),
    },
    'there is less than nothing in stock',
    2,
  ),
  mutant(
    'the deadline cancels a saga that is completed',
    {
      advanceSaga: (saga, input, context, seen) => {
        if (input.on === 'deadline' && saga.state.status === 'completed') saga.state = newSaga
        production.advanceSaga(saga, input, context, seen)
      },
    },
    'a saga that was completed became timeout_cancelled',
    8,
  ),
  mutant('payment takes no answer for a decline', { silence: 'declined' }, 'a cancelled order keeps money', 7),
  mutant(
    'the sweeper counts from the first attempt and not from the deadline',
    {
      decideUnseenCharge: (charge, now, window) => {
        const decision = production.decideUnseenCharge(charge, now, window)
        const sinceStartMs = now.getTime() - dateOf(0).getTime()
        return decision === 'wait' && sinceStartMs >= window.timeLimitMs + window.settleMs ? 'absent' : decision
      },
    },
    'a cancelled order keeps money',
    11,
  ),
  mutant(
    'a charge is repeated without its key',
    { keys: { charge: false, refund: true } },
    'the order is charged twice',
    6,
  ),
  mutant(
    'a refund is repeated without its key',
    { keys: { charge: true, refund: false } },
    'more is refunded than was charged',
    11,
  ),
]

/** Defects in commit, acknowledgement and publication. */
const deliveries: readonly Mutant[] = [
  mutant(
    'an id is claimed in a transaction before that of the work',
    { delivery: ['claim', 'transaction without inbox', 'ack'] },
    'order.created never has its effect on payment',
    5,
  ),
  mutant(
    'a message is acknowledged before the commit',
    { delivery: ['ack', 'transaction'] },
    'order.created never has its effect on payment',
    4,
  ),
  mutant(
    'an event is published before the commit',
    { delivery: ['publish', 'transaction without outbox', 'ack'] },
    'the order is both confirmed and cancelled',
    8,
  ),
  mutant(
    'an event is published after the commit, from memory alone',
    { delivery: ['transaction without outbox', 'publish', 'ack'] },
    'the outcome is announced 0 times',
    4,
  ),
  mutant(
    'an event is marked as published before it is',
    { relay: 'mark, then publish' },
    'order.created never has its effect on payment',
    4,
  ),
  mutant(
    'redeliveries are known neither by their ids nor by the state',
    {
      delivery: ['transaction without inbox', 'ack'],
      inventory: instead(inventory, 'payment.completed', (react) => (message, locked, context) => {
        const reservation = locked.of(orderId, sagaId)
        const { status, items } = reservation.state
        if (status !== 'reserved') return react(message, locked, context)
        locked.update(reservation, { ...reservation.state, stock: moveStock(locked.stockOf(items), items, 'reserve') })
      }),
    },
    'there is less than nothing in stock',
    6,
  ),
]

/** Defects in the rules of proof, each in the world that shows it. */
const proofs: readonly Mutant[] = [
  {
    name: 'a reservation alone confirms an order',
    parts: { ...attacked(forgeries.amount), ...previousOrder },
    violates: 'an order is confirmed that was not charged',
    steps: 2,
  },
  {
    name: 'a payment of any amount is a proof',
    parts: {
      ...attacked(forgeries.amount),
      order: instead(order, 'payment.completed', (react) => (message, sagas, context) => {
        react({ ...message, payload: { ...(message.payload as object), amount: created.amount } }, sagas, context)
      }),
    },
    violates: 'an order is confirmed that was not charged',
    steps: 3,
  },
  {
    name: 'the deadline sees neither a reservation without its payment nor a mismatch',
    parts: {
      ...misreported,
      advanceSaga: (saga, input, context) => {
        asPreviousRelease(saga, input.on, () => production.advanceSaga(saga, input, context))
      },
    },
    violates: 'a cancelled order keeps money',
    steps: 10,
  },
  {
    name: 'no check completes a saga that a pod of the previous release left open with both proofs',
    parts: {
      ...upgrading,
      otherOrder: { order: upgrading.otherOrder?.order ?? [], advanceSaga: neverProven },
      advanceSaga: neverProven,
    },
    violates: 'the saga stays payment_completed',
    steps: 7,
  },
]

export const mutants: readonly Mutant[] = [...decisions, ...deliveries, ...proofs]
