import { OrderCreated } from '@order-saga/contracts'
import type { Step } from './explore.ts'
import { deadlineMs } from './clock.ts'
import type { AttemptResult } from '../../services/payment/src/effects/record-results.ts'
import type { Transitions } from './transitions.ts'
import { bitOf, type World } from './world.ts'

const charged: AttemptResult = { input: { on: 'charge.succeeded' }, chargeId: 'charge-id' }
const declined: AttemptResult = { input: { on: 'charge.declined' }, detail: 'declined' }
const absent: AttemptResult = { input: { on: 'charge.absent' } }
const refunded: AttemptResult = { input: { on: 'refund.succeeded' }, refundId: 'refund-id' }
const unknown: AttemptResult = { input: undefined }

const deadline = new Date(deadlineMs)

/** The steps of the charge, as seen by the process that handles order.created. */
export function* chargerSteps(world: World, transitions: Transitions): Generator<Step<World>> {
  const { charger, verdict, moment } = world
  if (charger === 'idle') return
  const idle: World = { ...world, charger: 'idle' }
  yield { label: 'payment dies while it charges', next: idle }
  if (charger === 'about to send') {
    if (transitions.isExpired(moment, deadline)) {
      yield* recorded('payment finds that it is too late to charge', idle, unknown, transitions, true)
    } else {
      yield sent('payment sends the charge', { ...world, charger: 'waiting' }, transitions)
    }
    return
  }
  if (verdict !== 'none') {
    yield* recorded(`payment hears: ${verdict}`, idle, verdict === 'charged' ? charged : declined, transitions, true)
  }
  const silence = transitions.parts.silence === 'unknown' ? unknown : declined
  yield* recorded('payment waits for the answer to the charge in vain', idle, silence, transitions, true)
}

/** The sweeper resolves a charge with an unknown outcome: it reads the state, queries by key, and acts on the result. */
export function* sweeperSteps(world: World, transitions: Transitions): Generator<Step<World>> {
  const { sweeper, verdict, moment } = world
  const idle: World = { ...world, sweeper: 'idle' }
  if (sweeper === 'idle') {
    if (transitions.payments.get(world.payment)?.state.status !== 'charging') return
    yield { label: 'the sweeper takes the open charge', next: { ...world, sweeper: world.payment } }
    return
  }
  yield { label: 'the sweeper dies', next: idle }
  if (verdict !== 'none') {
    yield* recorded(`the sweeper hears: ${verdict}`, idle, verdict === 'charged' ? charged : declined, transitions)
  } else if (sweeper !== 'waiting') {
    const next = transitions.unseenCharge(sweeper, moment)
    if (next === 'absent') yield* recorded('the sweeper takes the charge as never made', idle, absent, transitions)
    if (next === 'charge') yield sent('the sweeper sends the charge', { ...world, sweeper: 'waiting' }, transitions)
  }
}

/** A refund is sent if the provider has none under its key; a process that finds one records it. */
export function* refundSteps(world: World, transitions: Transitions): Generator<Step<World>> {
  if (transitions.payments.get(world.payment)?.state.status !== 'refunding') return
  if (world.refunds > 0) {
    yield* recorded('payment hears: refunded', world, refunded, transitions)
  } else {
    const refundsInFlight = oneMore(world.refundsInFlight, transitions.parts.keys.refund)
    yield { label: 'payment sends the refund', next: { ...world, refundsInFlight } }
  }
}

/** A request takes effect or is lost, independent of its response. */
export function* providerSteps(world: World, { parts: { keys } }: Transitions): Generator<Step<World>> {
  const { verdict, charges, refunds } = world
  if (world.chargesInFlight > 0) {
    const arrived: World = { ...world, chargesInFlight: world.chargesInFlight - 1 }
    yield { label: 'the request for the charge gets lost', next: arrived }
    if (verdict === 'none' || !keys.charge) {
      yield { label: 'the provider charges', next: { ...arrived, verdict: 'charged', charges: charges + 1 } }
    }
    if (verdict === 'none') yield { label: 'the provider declines', next: { ...arrived, verdict: 'declined' } }
  }
  if (world.refundsInFlight > 0) {
    const arrived: World = { ...world, refundsInFlight: world.refundsInFlight - 1 }
    yield { label: 'the request for the refund gets lost', next: arrived }
    const refundsNow = keys.refund ? 1 : refunds + 1
    yield { label: 'the provider refunds', next: { ...arrived, refunds: refundsNow } }
  }
}

function sent(label: string, world: World, { parts }: Transitions): Step<World> {
  const broken = world.moment >= 2 ? 'a charge is sent at or after the deadline' : undefined
  return { label, next: { ...world, chargesInFlight: oneMore(world.chargesInFlight, parts.keys.charge) }, broken }
}

/** Under one key, one request in flight is equivalent to two. */
function oneMore(inFlight: number, keyed: boolean): number {
  return keyed ? 1 : Math.min(2, inFlight + 1)
}

function* recorded(
  label: string,
  world: World,
  result: AttemptResult,
  transitions: Transitions,
  claims = false,
): Generator<Step<World>> {
  const transition = transitions.result(world, result)
  const next = transitions.apply(world, transition)
  if (next === undefined) return
  const { broken } = transition
  yield { label, next: claims ? claimed(next, transitions) : next, broken }
}

/** The outcome is recorded together with the claim of order.created, and acknowledged. */
function claimed(world: World, { kinds }: Transitions): World {
  const bit = bitOf('payment')
  const events = world.events.map((event) =>
    kinds.get(event.kind).name === OrderCreated.name
      ? { ...event, acked: event.acked | bit, claimed: event.claimed | bit, effective: event.effective | bit }
      : event,
  )
  return { ...world, events }
}
