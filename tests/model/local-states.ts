import type { Append, Message, Reaction, ReactionContext } from '@order-saga/chassis'
import { messageOf } from '@order-saga/chassis'
import {
  type ReservationRecord,
  recordOf as reservationOf,
  rowOf as reservationRowOf,
  type StockRecord,
  Warehouse,
} from '../../services/inventory/src/store/reservations.ts'
import { isFinal, newSaga, type SagaInput, type SagaState } from '../../services/order/src/domain/saga.ts'
import type { SagaRecord } from '../../services/order/src/store/sagas.ts'
import type { Outcome } from '../../services/payment/src/outcomes.ts'
import { PaymentBook, recordOf as paymentOf, rowOf as paymentRowOf } from '../../services/payment/src/store/payments.ts'
import { chargePatience, dateOf, type Moment, refundRetryMs } from './clock.ts'
import type { EventKind, EventKinds } from './event-kinds.ts'
import { created, orderId, sagaId } from './order-under-test.ts'
import type { Parts } from './parts.ts'

type Row<F extends (row: never) => unknown> = Parameters<F>[0]

/** What the order service's database says. */
export interface OrderState {
  readonly saga: SagaState
  readonly refundDue: boolean
  readonly refundRequests: number
}

/** What the payment service's database says; undefined before it has met the order. */
export type PaymentState = Row<typeof paymentOf> | undefined

export interface Stock {
  readonly available: number
  readonly reserved: number
  readonly shipped: number
}

/** What the inventory service's database says. */
export interface InventoryState {
  readonly reservation: Row<typeof reservationOf> | undefined
  readonly stock: Stock
}

export interface Transition<S> {
  readonly state: S
  /** Numbers of the kinds of the events it publishes. */
  readonly publishes: readonly number[]
  /** There is work for the outside world, and the message stays unclaimed until it is done. */
  readonly effect: boolean
  /** The promise that this transition breaks. */
  readonly broken: string | undefined
}

export const newOrder: OrderState = { saga: newSaga, refundDue: false, refundRequests: 0 }

const past = new Date(0)

/** Runs the services' own functions on the states of their databases. */
export class LocalStates {
  readonly #parts: Parts
  readonly #kinds: EventKinds

  constructor(parts: Parts, kinds: EventKinds) {
    this.#parts = parts
    this.#kinds = kinds
  }

  order(state: OrderState, kind: EventKind, moment: Moment): Transition<OrderState> {
    return this.#order(state, moment, (saga, context) => {
      reactionTo(kind, this.#parts.order).react(messageWith(kind), new Map([[sagaId, saga]]), context)
    })
  }

  timer(state: OrderState, input: SagaInput, moment: Moment): Transition<OrderState> {
    return this.#order(state, moment, (saga, context) => {
      this.#parts.advanceSaga(saga, input, { ...context, refundRetryMs })
    })
  }

  #order(
    before: OrderState,
    moment: Moment,
    work: (saga: SagaRecord, context: ReactionContext) => void,
  ): Transition<OrderState> {
    const saga: SagaRecord = {
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
        violation !== undefined
          ? `a saga that is ${before.saga.status} meets ${violation.event}, which breaks the protocol`
          : isFinal(before.saga.status) && state.status !== before.saga.status
            ? `a saga that was ${before.saga.status} became ${state.status}`
            : undefined
      return { state: { saga: state, refundDue: refundDueAt !== null, refundRequests }, effect: false, broken }
    })
  }

  payment(state: PaymentState, kind: EventKind, moment: Moment): Transition<PaymentState> {
    return this.#payment(
      state,
      moment,
      (book, context) => reactionTo(kind, this.#parts.payment).react(messageWith(kind), book, context) !== undefined,
    )
  }

  outcome(state: PaymentState, outcome: Omit<Outcome, 'orderId' | 'sagaId'>, moment: Moment): Transition<PaymentState> {
    return this.#payment(state, moment, (book, context) => {
      this.#parts.applyOutcome(
        book.of(orderId, sagaId),
        { orderId, sagaId, ...outcome },
        { ...context, refundTimeLimitMs: chargePatience.timeLimitMs },
      )
      return false
    })
  }

  #payment(
    before: PaymentState,
    moment: Moment,
    work: (book: PaymentBook, context: ReactionContext) => boolean,
  ): Transition<PaymentState> {
    return this.#run<PaymentState>(before, moment, (context) => {
      const book = new PaymentBook(before === undefined ? [] : [paymentOf(before)], () => 'payment-id', past)
      const effect = work(book, context)
      const [payment] = book.changed()
      if (payment === undefined) return { state: before, effect, broken: undefined }
      const row = paymentRowOf(payment, 1, past) as unknown as NonNullable<PaymentState>
      const underWay = row.status === 'charging' || row.status === 'refunding'
      // When and how often something was tried changes no decision of the model.
      const untimed = { intended_at: past, last_attempt_at: null, attempts: 0, next_attempt_at: underWay ? past : null }
      return { state: { ...row, ...untimed }, effect, broken: undefined }
    })
  }

  inventory(before: InventoryState, kind: EventKind, moment: Moment): Transition<InventoryState> {
    return this.#run<InventoryState>(before, moment, (context) => {
      const { reservation, stock } = before
      const records: ReservationRecord[] = reservation === undefined ? [] : [reservationOf(reservation)]
      const moved = { available: 0, reserved: 0, shipped: 0 }
      const shelf: StockRecord = { sku: 'SKU', available: stock.available, moved }
      const warehouse = new Warehouse(records, [shelf], () => 'reservation-id', past)
      const effect = reactionTo(kind, this.#parts.inventory).react(messageWith(kind), warehouse, context) !== undefined
      const [changed] = warehouse.changedReservations()
      const state: InventoryState = {
        reservation:
          changed === undefined
            ? reservation
            : (reservationRowOf(changed, 1, past) as unknown as InventoryState['reservation']),
        stock: {
          available: stock.available + moved.available,
          reserved: stock.reserved + moved.reserved,
          shipped: stock.shipped + moved.shipped,
        },
      }
      return { state, effect, broken: undefined }
    })
  }

  /** A reaction that throws makes a dead letter in the end. */
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

function reactionTo<S>(kind: EventKind, reactions: readonly Reaction<S>[]): Reaction<S> {
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
