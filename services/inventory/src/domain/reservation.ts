import type { Decision, InventoryFailure, Item } from '@order-saga/contracts'
import { moveStock, type ReservedItem, type Shortage, type Stock } from './stock.ts'

/**
 * Status of one order's reservation. `none`: inventory has no record of the order. `cancelled` is a tombstone: nothing was
 * reserved and nothing will be. `rejected`: there was not enough. `committed`: shipped.
 */
export type ReservationStatus = 'none' | 'reserved' | 'rejected' | 'released' | 'committed' | 'cancelled'

export interface ReservationState {
  readonly status: ReservationStatus
  readonly items: readonly ReservedItem[]
  /** Why nothing is reserved. */
  readonly reason: InventoryFailure | null
  /** Holds the level of every tracked item, and of every item to reserve that has one. */
  readonly stock: Stock
}

export type ReservationInput =
  /** `shortage` is why not all items can be reserved from the stock of the state; undefined when they can. */
  | {
      readonly on: 'payment.completed'
      readonly items: readonly Item[]
      readonly shortage: Shortage['reason'] | undefined
    }
  | { readonly on: 'order.cancelled' }
  | { readonly on: 'order.confirmed' }

export type ReservationOutput = 'inventory.reserved' | 'inventory.failed'

export type ReservationDecision = Decision<ReservationState, ReservationOutput>

/** All of inventory's decisions. Pure and total: all items or none, once, and never for an order that was cancelled. */
export function decide(reservation: ReservationState, input: ReservationInput): ReservationDecision {
  const { status, items, stock } = reservation
  switch (input.on) {
    case 'payment.completed': {
      if (status === 'cancelled') return decided(reservation, 'inventory.failed')
      if (status !== 'none') return late
      if (input.shortage !== undefined) {
        return decided({ ...reservation, status: 'rejected', reason: input.shortage }, 'inventory.failed')
      }
      const reserved = input.items.map(({ sku, qty }) => ({ sku, qty, tracked: stock.has(sku) }))
      const state = { ...reservation, status: 'reserved', items: reserved } as const
      return decided({ ...state, stock: moveStock(stock, reserved, 'reserve') }, 'inventory.reserved')
    }
    case 'order.cancelled':
      if (status === 'committed') return violation('a shipped order was cancelled')
      if (status === 'none') return markCancelled(reservation, 'cancelled')
      if (status !== 'reserved') return late
      return markCancelled({ ...reservation, stock: moveStock(stock, items, 'release') }, 'released')
    case 'order.confirmed':
      if (status === 'committed') return late
      if (status !== 'reserved') return violation(`an order without a reservation was confirmed (${status})`)
      return decided({ ...reservation, status: 'committed', stock: moveStock(stock, items, 'ship') })
  }
}

const markCancelled = (state: ReservationState, status: 'cancelled' | 'released'): ReservationDecision =>
  decided({ ...state, status, reason: 'order_cancelled' })
const decided = (state: ReservationState, ...publish: ReservationOutput[]): ReservationDecision => ({
  kind: 'decided',
  state,
  publish,
  effects: [],
})
const late: ReservationDecision = { kind: 'ignored', because: 'late' }
const violation = (detail: string): ReservationDecision => ({ kind: 'ignored', because: 'violation', detail })
