import { quantity } from './order-under-test.ts'
import type { Transitions } from './transitions.ts'
import { bitOf, keepers, type World } from './world.ts'

/** The violated invariant of any state. */
export function brokenIn(world: World, transitions: Transitions): string | undefined {
  const { charges, refunds, received } = world
  if (charges > 1) return 'the order is charged twice'
  if (refunds > charges) return 'more is refunded than was charged'
  const confirmed = transitions.countOf(world, 'order.confirmed')
  const cancelled = transitions.countOf(world, 'order.cancelled')
  if (confirmed > 0 && cancelled > 0) return 'the order is both confirmed and cancelled'
  if (confirmed > 0 && charges === 0) return 'an order is confirmed that was not charged'
  if (confirmed > 0 && refunds > 0) return 'a confirmed order is refunded'
  const { stock } = transitions.inventories.get(world.inventory)
  if (stock.available < 0 || stock.reserved < 0) return 'there is less than nothing in stock'
  const sum = stock.available + stock.reserved + stock.shipped
  return sum === received ? undefined : 'the stock does not add up'
}

/** The violated invariant of a state without further steps, which is a system at rest. */
export function brokenAtEnd(world: World, transitions: Transitions): string | undefined {
  return unheard(world, transitions) ?? outcome(world, transitions)
}

/** No event is lost. */
function unheard(world: World, transitions: Transitions): string | undefined {
  for (const { kind, copy, effective } of world.events) {
    const deaf = keepers.find(
      (keeper) => transitions.kinds.get(kind).consumers.includes(keeper) && (effective & bitOf(keeper)) === 0,
    )
    if (deaf !== undefined) return `${transitions.labelOf(kind, copy)} never has its effect on ${deaf}`
  }
  return undefined
}

/** The order has one final status, and no refund is due. */
function outcome(world: World, transitions: Transitions): string | undefined {
  const { saga, refundDue } = transitions.orders.get(world.order)
  const { charges, refunds } = world
  const payment = transitions.payments.get(world.payment)?.state.status
  const { reservation, stock } = transitions.inventories.get(world.inventory)
  const { shipped, reserved: held } = stock
  const announced = transitions.countOf(world, 'order.confirmed') + transitions.countOf(world, 'order.cancelled')
  if (payment === 'charging' || payment === 'refunding') return `the payment stays ${payment}`
  if (saga.status === 'completed') {
    if (charges !== 1 || refunds !== 0) return 'a confirmed order is not paid'
    if (reservation?.state.status !== 'committed' || held !== 0) return 'a confirmed order is not shipped'
    if (shipped !== quantity) return 'a confirmed order has not its quantity'
  } else if (saga.status === 'cancelled' || saga.status === 'timeout_cancelled') {
    if (charges !== refunds) return 'a cancelled order keeps money'
    if (refundDue || saga.compensation === 'refund_requested') return 'a refund is waited for that never comes'
    if (held !== 0 || shipped !== 0 || reservation?.state.status === 'reserved') return 'a cancelled order holds stock'
  } else {
    return `the saga stays ${saga.status}`
  }
  return announced === 1 ? undefined : `the outcome is announced ${announced} times`
}
