import { OrderCreated } from '@order-saga/contracts'
import { deliverySteps, relaySteps } from './deliveries.ts'
import { type Exploration, explore, type Step } from './explore.ts'
import { brokenAtEnd, brokenIn } from './invariants.ts'
import { newOrder } from './local-states.ts'
import { created, quantity } from './order-under-test.ts'
import type { Parts } from './parts.ts'
import { chargerSteps, providerSteps, refundSteps, sweeperSteps } from './provider-steps.ts'
import { timerSteps } from './timers.ts'
import { Transitions } from './transitions.ts'
import { keyOf, withEvents, type World } from './world.ts'

/** The stock when the order is placed. */
const shelves = [
  { label: 'enough in stock', available: quantity },
  { label: 'not enough in stock', available: quantity - 1 },
] as const

const kinds = [deliverySteps, relaySteps, chargerSteps, sweeperSteps, providerSteps, refundSteps, timerSteps]

export interface Checked extends Exploration {
  /** Steps that were left out because they make more events of one kind than the model follows. */
  readonly cut: number
}

/** Explores all executions of one order after its acceptance. */
export function check(parts: Parts): Checked {
  const transitions = new Transitions(parts)
  const settled = (step: Step<World>): Step<World> => ({ ...step, next: transitions.settled(step.next) })
  const exploration = explore({
    initial: shelves.map(({ label, available }) => ({
      label: `order accepted, ${label}`,
      state: acceptedOrder(transitions, available),
    })),
    key: keyOf,
    steps: (world) => kinds.flatMap((kind) => [...kind(world, transitions)].map(settled)),
    brokenIn: (world) => brokenIn(world, transitions),
    brokenAtEnd: (world) => brokenAtEnd(world, transitions),
    endOf: (world) => endOf(world, transitions),
  })
  return { ...exploration, cut: transitions.cut }
}

function acceptedOrder({ orders, payments, inventories, kinds: events }: Transitions, available: number): World {
  return {
    moment: 0,
    order: orders.numberOf(newOrder),
    payment: payments.numberOf(undefined),
    inventory: inventories.numberOf({ reservation: undefined, stock: { available, reserved: 0, shipped: 0 } }),
    received: available,
    charges: 0,
    refunds: 0,
    verdict: 'none',
    charger: 'idle',
    sweeper: 'idle',
    chargesInFlight: 0,
    refundsInFlight: 0,
    events: withEvents([], [events.numberOf(OrderCreated.name, created)], 1) ?? [],
  }
}

function endOf(world: World, { orders }: Transitions): string {
  const { status, reason, compensation } = orders.get(world.order).saga
  return [status, ...(reason === null ? [] : [reason]), ...(compensation === 'none' ? [] : [compensation])].join(', ')
}
