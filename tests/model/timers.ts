import type { Step } from './explore.ts'
import { type Moment, moments } from './clock.ts'
import { byOther, type Transitions } from './transitions.ts'
import type { World } from './world.ts'

/** Limit of refund requests in the model. */
const refundRequests = 2

/** Time passes; the deadline check finds the saga in any state; a refund is overdue. */
export function* timerSteps(world: World, transitions: Transitions): Generator<Step<World>> {
  const { moment } = world
  // Requests complete within their timeout, before any longer leap of the clock.
  const waits = world.charger === 'waiting' || world.sweeper === 'waiting' || world.chargesInFlight > 0
  if (moment < 3 && !(waits && moment !== 1)) {
    const next = (moment + 1) as Moment
    yield { label: `time passes: ${moments[next]}`, next: { ...world, moment: next } }
  }
  // The order service's clock may be ahead of payment's, by any time.
  yield* timer('the deadline is checked', 'deadline')
  const { refundDue } = transitions.orders.get(world.order)
  if (refundDue && transitions.countOf(world, 'payment.refund.requested') < refundRequests) {
    yield* timer('the refund is overdue', 'overdue')
  }

  function* timer(label: string, on: 'deadline' | 'overdue'): Generator<Step<World>> {
    for (const other of transitions.releases) {
      const transition = transitions.timer(world, { on }, other)
      const next = transitions.apply(world, transition)
      if (next !== undefined) yield { label: `${label}${byOther(other)}`, next, broken: transition.broken }
    }
  }
}
