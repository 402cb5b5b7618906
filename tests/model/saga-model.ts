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
  const exploration = explore({
    initial: shelves.flatMap(({ label, available }) => {
      const accepted = acceptedOrder(transitions, available)
      if (parts.forged === undefined) return [{ label: `order accepted, ${label}`, state: accepted }]
      return verdicts.map((verdict) => ({
        label: `order ${verdict}, ${label}, ${parts.forged?.label} forged`,
        state: decidedOrder(transitions, forged(transitions, accepted), verdict),
      }))
    }),
    key: keyOf,
    steps: (world) => stepsFrom(world, transitions),
    brokenIn: (world) => brokenIn(world, transitions),
    brokenAtEnd: (world) => brokenAtEnd(world, transitions),
    endOf: (world) => endOf(world, transitions),
  })
  return { ...exploration, cut: transitions.cut }
}

function stepsFrom(world: World, transitions: Transitions): Step<World>[] {
  return kinds.flatMap((kind) =>
    [...kind(world, transitions)].map((step) => ({ ...step, next: transitions.settled(step.next) })),
  )
}

const verdicts = ['charged', 'declined'] as const

/**
 * A forged event multiplies the states, and the charge does not depend on it: the charge is decided first. The event may
 * be delivered at any moment after that.
 */
function decidedOrder(transitions: Transitions, world: World, verdict: (typeof verdicts)[number]): World {
  const provider = verdict === 'charged' ? 'charges' : 'declines'
  const labels = [
    'payment takes order.created',
    'payment sends the charge',
    `the provider ${provider}`,
    `payment hears: ${verdict}`,
  ]
  return labels.reduce((state, label) => {
    const step = stepsFrom(state, transitions).find((each) => each.label === label)
    if (step === undefined) throw new Error(`no step is ${label}`)
    return step.next
  }, world)
}

function forged({ kinds: events, parts }: Transitions, world: World): World {
  if (parts.forged === undefined) return world
  const { name, payload } = parts.forged
  return { ...world, events: withEvents(world.events, [events.numberOf(name, payload)], 1) ?? [] }
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
