import type { Step } from './explore.ts'
import type { DeliveryStep } from './parts.ts'
import { byOther, type Numbered, type Transitions } from './transitions.ts'
import { bitOf, type EventState, keepers, type World } from './world.ts'

const names: Readonly<Record<DeliveryStep, string>> = {
  transaction: 'the commit',
  'transaction without inbox': 'the commit',
  'transaction without outbox': 'the commit',
  claim: 'the claim',
  publish: 'publishing',
  ack: 'the ack',
}

/**
 * A relay that marks first and publishes afterwards may fail in between: the event is never delivered. A relay that
 * publishes first needs no step: an event in an outbox is equivalent to an event in a queue, and a second publication
 * is equivalent to a second delivery.
 */
export function* relaySteps(world: World, transitions: Transitions): Generator<Step<World>> {
  if (transitions.parts.relay === 'publish, then mark') return
  for (const [i, event] of world.events.entries()) {
    const { consumers, type } = transitions.kinds.get(event.kind)
    const takers = consumers.reduce((bits, name) => bits | (name === 'notification' ? 0 : bitOf(name)), 0)
    if ((event.acked & takers) === takers) continue
    const label = `${type.publishedBy} marks ${transitions.labelOf(event.kind, event.copy)} as published, and dies`
    yield { label, next: withEvent(world, i, { ...event, acked: takers }) }
  }
}

/**
 * Every event comes to each of its consumers at any moment, and any number of times more: it overtakes others, is lost and
 * comes again, is published twice. Only what was acknowledged before it had its effect is gone.
 */
export function* deliverySteps(world: World, transitions: Transitions): Generator<Step<World>> {
  for (const [i, event] of world.events.entries()) {
    const { consumers } = transitions.kinds.get(event.kind)
    for (const keeper of keepers) {
      const bit = bitOf(keeper)
      if (!consumers.includes(keeper) || (event.acked & ~event.effective & bit) !== 0) continue
      // Known, and acknowledged: it changes nothing.
      if ((event.claimed & event.acked & bit) !== 0) continue
      const { delivery } = transitions.parts
      for (let length = delivery.length; length > 0; length -= 1) {
        if (isAsGoodAsAll(delivery, length)) continue
        for (const other of keeper === 'order' ? transitions.releases : [false]) {
          const transition = transitions.on(keeper, world, event.kind, other)
          const handled = handle(world, i, transition, delivery.slice(0, length), transitions)
          if (handled === undefined) continue
          const what = transitions.labelOf(event.kind, event.copy)
          const again = (event.acked & bit) === 0 ? '' : ' again'
          const next = delivery[length]
          const dies = next === undefined ? '' : `, and dies before ${names[next]}`
          yield { label: `${keeper} takes ${what}${again}${dies}${byOther(other)}`, ...handled }
        }
      }
    }
  }
}

/** After the transaction it makes no difference whether the ack is still sent: what was acknowledged may come again, too. */
function isAsGoodAsAll(delivery: readonly DeliveryStep[], length: number): boolean {
  const done = delivery.slice(0, length)
  const missing = delivery.slice(length)
  return missing.length > 0 && missing.every((step) => step === 'ack') && done.some((step) => /transaction/.test(step))
}

function handle(
  world: World,
  index: number,
  transition: Numbered,
  steps: readonly DeliveryStep[],
  transitions: Transitions,
): Pick<Step<World>, 'next' | 'broken'> | undefined {
  const before = world.events[index] as EventState
  const { keeper } = transition
  const bit = bitOf(keeper)
  const isKnown = (before.claimed & bit) !== 0
  let { acked, claimed, effective } = before
  let next: World | undefined = world
  let broken: string | undefined
  for (const step of steps) {
    if (step === 'ack') acked |= bit
    else if (isKnown) continue
    else if (step === 'claim') claimed |= bit
    else if (step === 'publish') next = next && transitions.apply(next, { ...transition, state: next[keeper] })
    else {
      const appended = step === 'transaction without outbox' ? { ...transition, publishes: [] } : transition
      next = next && transitions.apply(next, appended)
      broken = transition.broken
      if (transition.effect) {
        // Claim and ack come with the outcome of the charge.
        if (world.charger !== 'idle') return undefined
        broken ??= brokenByCharging(world, transitions)
        next = next && { ...next, charger: 'about to send' }
        break
      }
      if (step !== 'transaction without inbox') claimed |= bit
      effective |= bit
      // It may be redelivered whether it was acknowledged or not.
      acked |= bit
    }
  }
  if (next === undefined) return undefined
  const at = next.events.findIndex(({ kind, copy }) => kind === before.kind && copy === before.copy)
  return { next: withEvent(next, at, { ...before, acked, claimed, effective }), broken }
}

function brokenByCharging(world: World, { kinds }: Transitions): string | undefined {
  if (world.moment >= 2) return 'a charge is started at or after the deadline'
  const cancelSeen = world.events.some(
    ({ kind, effective }) => kinds.get(kind).name === 'order.cancelled' && (effective & bitOf('payment')) !== 0,
  )
  return cancelSeen ? 'a charge is started after the cancellation was seen' : undefined
}

function withEvent(world: World, index: number, event: EventState): World {
  return { ...world, events: world.events.with(index, event) }
}
