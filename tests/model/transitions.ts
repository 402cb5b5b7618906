import type { EventName } from '@order-saga/contracts'
import type { SagaInput } from '../../services/order/src/domain/saga.ts'
import type { AttemptResult } from '../../services/payment/src/effects/record-results.ts'
import { chargeWindow, dateOf, type Moment } from './clock.ts'
import { EventKinds } from './event-kinds.ts'
import {
  type InventoryState,
  LocalStates,
  type OrderState,
  type PaymentState,
  type Transition,
} from './local-states.ts'
import type { Parts } from './parts.ts'
import { Interned, type Keeper, withEvents, type World } from './world.ts'

/** A transition with the number of the state it leads to. */
export interface Numbered extends Omit<Transition<unknown>, 'state'> {
  readonly keeper: Keeper
  readonly state: number
}

/** Limit of events of one kind. Only refunds are requested more than once. */
const copiesLimit = 3

export const byOther = (other: boolean): string => (other ? ' by a pod of another release' : '')

/** The services' functions on numbered states. Each is called once for the same question, which is what makes it fast. */
export class Transitions {
  readonly parts: Parts
  readonly kinds = new EventKinds()
  readonly orders = new Interned<OrderState>()
  readonly payments = new Interned<PaymentState>()
  readonly inventories = new Interned<InventoryState>()
  /** Steps that were left out because of the limit on copies. */
  cut = 0
  /** Whether the other release of the order service, for each release that takes part. */
  readonly releases: readonly boolean[]
  readonly #local: LocalStates
  readonly #known = new Map<string, Numbered>()

  constructor(parts: Parts) {
    this.parts = parts
    this.releases = parts.otherOrder === undefined ? [false] : [false, true]
    this.#local = new LocalStates(parts, this.kinds)
  }

  /** @param other whether a pod of the other release of the order service takes it */
  on(keeper: Keeper, world: World, kind: number, other = false): Numbered {
    const { moment } = world
    if (other) {
      return this.#once(`other order ${world.order} ${moment} ${kind}`, keeper, () =>
        this.#local.order(this.orders.get(world.order), this.kinds.get(kind), moment, this.parts.otherOrder),
      )
    }
    return this.#once(`${keeper} ${world[keeper]} ${moment} ${kind}`, keeper, () => {
      const event = this.kinds.get(kind)
      switch (keeper) {
        case 'order':
          return this.#local.order(this.orders.get(world.order), event, moment)
        case 'payment':
          return this.#local.payment(this.payments.get(world.payment), event, moment)
        case 'inventory':
          return this.#local.inventory(this.inventories.get(world.inventory), event, moment)
      }
    })
  }

  timer({ order, moment }: World, input: SagaInput, other = false): Numbered {
    return this.#once(`timer ${other} ${order} ${moment} ${input.on}`, 'order', () =>
      this.#local.timer(this.orders.get(order), input, moment, other ? this.parts.otherOrder : this.parts),
    )
  }

  result({ payment, moment }: World, result: AttemptResult): Numbered {
    return this.#once(`result ${payment} ${moment} ${result.input?.on}`, 'payment', () =>
      this.#local.result(this.payments.get(payment), result, moment),
    )
  }

  /** The sweeper's decision on a charge that the provider does not know, by the payment state it has read. */
  unseenCharge(payment: number, moment: Moment): 'charge' | 'absent' | 'wait' {
    const record = this.payments.get(payment)
    if (record?.order == null) throw new Error('a charge without a deadline')
    const { state, order } = record
    return this.parts.decideUnseenCharge(
      { state, deadline: order.deadline, mayRepeat: true },
      dateOf(moment),
      chargeWindow,
    )
  }

  isExpired(moment: Moment, deadline: Date): boolean {
    return this.parts.isExpired(deadline, dateOf(moment))
  }

  /** The world after the transition; undefined when the model does not follow it that far. */
  apply(world: World, transition: Numbered): World | undefined {
    const { keeper, state, publishes } = transition
    const events = withEvents(world.events, publishes, copiesLimit)
    if (events === undefined) {
      this.cut += 1
      return undefined
    }
    return { ...world, [keeper]: state, events }
  }

  /** Time matters to a charge and to nothing else: once that is decided, worlds that differ in time alone are one. */
  settled(world: World): World {
    const { moment, payment, charger, sweeper, chargesInFlight } = world
    if (moment === 3 || chargesInFlight > 0 || charger !== 'idle' || sweeper !== 'idle') return world
    const status = this.payments.get(payment)?.state.status
    return status === undefined || status === 'charging' ? world : { ...world, moment: 3 }
  }

  countOf(world: World, name: EventName): number {
    return world.events.filter(({ kind }) => this.kinds.get(kind).name === name).length
  }

  labelOf(kind: number, copy: number): string {
    return `${this.kinds.labelOf(kind)}${copy === 0 ? '' : ` no. ${copy + 1}`}`
  }

  #once(key: string, keeper: Keeper, work: () => Transition<unknown>): Numbered {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const { state, ...rest } = work()
    const interned: Interned<never> = { order: this.orders, payment: this.payments, inventory: this.inventories }[
      keeper
    ] as unknown as Interned<never>
    const numbered = { ...rest, keeper, state: interned.numberOf(state as never) }
    this.#known.set(key, numbered)
    return numbered
  }
}
