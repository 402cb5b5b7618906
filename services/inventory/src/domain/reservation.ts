import type { InventoryFailure } from '@order-saga/contracts'

/**
 * Where the stock of one order stands. `none`: inventory has not met the order. `cancelled` is a tombstone: nothing was
 * reserved and nothing will be. `rejected`: there was not enough. `committed`: shipped.
 */
export type ReservationStatus = 'none' | 'reserved' | 'rejected' | 'released' | 'committed' | 'cancelled'

export type ReservationInput =
  /** `shortage` says why not all items can be had; undefined when they can. */
  | { readonly on: 'payment.completed'; readonly shortage: InventoryFailure | undefined }
  | { readonly on: 'order.cancelled' }
  | { readonly on: 'order.confirmed' }

export type ReservationDecision =
  | { readonly kind: 'unchanged' }
  /** Takes all items from the free stock. */
  | { readonly kind: 'reserve' }
  | { readonly kind: 'reject'; readonly reason: InventoryFailure }
  /** Nothing is reserved because the order was cancelled first. */
  | { readonly kind: 'refuse' }
  | { readonly kind: 'entomb' }
  /** Gives all items back to the free stock. */
  | { readonly kind: 'release' }
  /** The reserved items leave the house. */
  | { readonly kind: 'ship' }
  /** No service that keeps to the protocol sends this. */
  | { readonly kind: 'violation'; readonly detail: string }

const unchanged: ReservationDecision = { kind: 'unchanged' }

/** All of inventory's decisions. Pure and total: all items or none, once, and never for an order that was cancelled. */
export function decide(status: ReservationStatus, input: ReservationInput): ReservationDecision {
  switch (input.on) {
    case 'payment.completed':
      if (status === 'cancelled') return { kind: 'refuse' }
      if (status !== 'none') return unchanged
      return input.shortage === undefined ? { kind: 'reserve' } : { kind: 'reject', reason: input.shortage }
    case 'order.cancelled':
      if (status === 'none') return { kind: 'entomb' }
      if (status === 'committed') return { kind: 'violation', detail: 'a shipped order was cancelled' }
      return status === 'reserved' ? { kind: 'release' } : unchanged
    case 'order.confirmed':
      if (status === 'reserved') return { kind: 'ship' }
      if (status === 'committed') return unchanged
      return { kind: 'violation', detail: `an order without a reservation was confirmed (${status})` }
  }
}
