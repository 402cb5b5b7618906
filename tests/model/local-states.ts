import type { Append, Effect, Message, Reaction, ReactionContext } from '@order-saga/chassis'
import { messageOf } from '@order-saga/chassis'
import type { StockLevel } from '../../services/inventory/src/domain/stock.ts'
import { LockedInventory, type ReservationRecord } from '../../services/inventory/src/store/locked-inventory.ts'
import { isFinal, newSaga, type SagaInput, type SagaState } from '../../services/order/src/domain/saga.ts'
import type { SagaRecord } from '../../services/order/src/store/sagas.ts'
import type { AttemptResult } from '../../services/payment/src/effects/record-results.ts'
import { LockedPayments, type PaymentRecord } from '../../services/payment/src/store/payments.ts'
import { dateOf, type Moment, refundRetryMs } from './clock.ts'
import type { EventKind, EventKinds } from './event-kinds.ts'
import { created, orderId, quantity, sagaId, sku } from './order-under-test.ts'
import { type Parts, timeLimitsMs } from './parts.ts'

/** The order's rows in the database of the order service. */
export interface OrderState {
  readonly saga: SagaState
  readonly refundDue: boolean
  readonly refundRequests: number
}

/** The payment service's record; undefined while it has none of the order. */
export type PaymentState = PaymentRecord | undefined

/** The inventory service's records. */
export interface InventoryState {
  readonly reservation: ReservationRecord | undefined
  readonly stock: StockLevel
}

export interface Transition<S> {
  readonly state: S
  /** Numbers of the kinds of the events it publishes. */
  readonly publishes: readonly number[]
  /** There is an awaited effect: the event is claimed with its result. */
  readonly effect: boolean
  /** The invariant that this transition violates. */
  readonly broken: string | undefined
}

export const newOrder: OrderState = { saga: newSaga, refundDue: false, refundRequests: 0 }

const past = new Date(0)
/** As it is loaded again. */
const stored = { isNew: false, changed: false }

/** Runs the services' own functions on the states of their databases. */
export class LocalStates {
  readonly #parts: Parts
  readonly #kinds: EventKinds

  constructor(parts: Parts, kinds: EventKinds) {
    this.#parts = parts
    this.#kinds = kinds
  }

  order(
    state: OrderState,
    kind: EventKind,
    moment: Moment,
    { order }: Pick<Parts, 'order'> = this.#parts,
  ): Transition<OrderState> {
    return this.#order(state, moment, (saga, context) => {
      reactionTo(kind, order).react(messageWith(kind), new Map([[sagaId, saga]]), context)
    })
  }

  timer(
    state: OrderState,
    input: SagaInput,
    moment: Moment,
    { advanceSaga }: Pick<Parts, 'advanceSaga'> = this.#parts,
  ): Transition<OrderState> {
    return this.#order(state, moment, (saga, context) => {
      advanceSaga(saga, input, { ...context, refundRetryMs })
    })
  }

  #order(
    before: OrderState,
    moment: Moment,
    work: (saga: SagaRecord, context: ReactionContext) => void,
  ): Transition<OrderState> {
    const saga: SagaRecord = {
      version: 1,
      updatedAt: past,
      sagaId,
      orderId,
      createdAt: past,
      ...created,
      state: before.saga,
      refundDueAt: before.refundDue ? past : null,
      refundRequests: before.refundRequests,
      finishedAt: isFinal(before.saga.status) ? past : null,
      isNewlyFinished: false,
      traceparent: null,
      added: [],
    }
    return this.#run<OrderState>(before, moment, (context) => {
      work(saga, context)
      const { state, refundDueAt, refundRequests, added } = saga
      const violation = added.find(({ ignored }) => ignored === 'violation')
      const broken =
        violation !== undefined && this.#parts.violations === 'none'
          ? `a saga that is ${before.saga.status} meets ${violation.event}, which breaks the protocol`
          : isFinal(before.saga.status) && state.status !== before.saga.status
            ? `a saga that was ${before.saga.status} became ${state.status}`
            : undefined
      return { state: { saga: state, refundDue: refundDueAt !== null, refundRequests }, effect: false, broken }
    })
  }

  payment(state: PaymentState, kind: EventKind, moment: Moment): Transition<PaymentState> {
    return this.#payment(state, moment, (payments, context) => {
      const effects = reactionTo(kind, this.#parts.payment).react(messageWith(kind), payments, context) ?? []
      return effects.some(({ awaited }) => awaited)
    })
  }

  result(state: PaymentState, result: AttemptResult, moment: Moment): Transition<PaymentState> {
    return this.#payment(state, moment, (payments, context) => {
      this.#parts.applyResult(payments.of(orderId, sagaId), result, { ...context, timeLimitsMs, cause: {} })
      return false
    })
  }

  #payment(
    before: PaymentState,
    moment: Moment,
    work: (payments: LockedPayments, context: ReactionContext) => boolean,
  ): Transition<PaymentState> {
    return this.#run<PaymentState>(before, moment, (context) => {
      const payments = new LockedPayments(before === undefined ? [] : [{ ...before }], () => 'payment-id', past)
      const effect = work(payments, context)
      const [payment] = payments.changed()
      if (payment === undefined) return { state: before, effect, broken: undefined }
      const inFlight = payment.state.status === 'charging' || payment.state.status === 'refunding'
      // When and how often something was tried changes no decision of the model.
      const untimed = { intendedAt: past, lastAttemptAt: null, attempts: 0, nextAttemptAt: inFlight ? past : null }
      return { state: { ...payment, ...untimed, ...stored }, effect, broken: undefined }
    })
  }

  inventory(before: InventoryState, kind: EventKind, moment: Moment): Transition<InventoryState> {
    return this.#run<InventoryState>(before, moment, (context) => {
      const { reservation, stock } = before
      const records = reservation === undefined ? [] : [{ ...reservation }]
      const inventory = new LockedInventory(records, new Map([[sku, stock]]), () => 'reservation-id', past)
      reactionTo(kind, this.#parts.inventory).react(messageWith(kind), inventory, context)
      const [changed] = inventory.changed()
      const [level] = inventory.stockOf([{ sku, qty: quantity }]).values()
      const state: InventoryState = {
        reservation: changed === undefined ? reservation : { ...changed, ...stored },
        stock: level ?? stock,
      }
      return { state, effect: false, broken: undefined }
    })
  }

  /** A reaction that throws finally produces a dead letter. */
  #run<S>(
    before: S,
    moment: Moment,
    work: (context: ReactionContext) => Omit<Transition<S>, 'publishes'>,
  ): Transition<S> {
    const publishes: number[] = []
    const append: Append = (type, payload) => {
      publishes.push(this.#kinds.numberOf(type.name, payload))
      return 'event-id'
    }
    try {
      return { ...work({ now: dateOf(moment), append }), publishes }
    } catch (error) {
      return { state: before, effect: false, publishes: [], broken: `a message dies: ${messageOf(error)}` }
    }
  }
}

function reactionTo<S, E extends Effect>(kind: EventKind, reactions: readonly Reaction<S, E>[]): Reaction<S, E> {
  const reaction = reactions.find(({ event }) => event.name === kind.name)
  if (reaction === undefined) throw new Error(`nobody reacts to ${kind.name}`)
  return reaction
}

function messageWith({ name, payload }: EventKind): Message {
  return {
    name,
    payload,
    eventId: 'event-id',
    sagaId,
    orderId,
    timestamp: past,
    attempt: 1,
    redelivered: false,
    deliveryCount: 0,
    traceparent: undefined,
  }
}
