import { PaymentCompleted, type PayloadOf } from '@order-saga/contracts'
import type { Message, Reactions } from '@order-saga/chassis'
import { type LockedInventory, lockInventory, type InventoryCache, saveInventory } from '../store/locked-inventory.ts'
import { releaseOnOrderCancelled } from './release-on-order-cancelled.ts'
import { type ReservationPolicy, reserveOnPaymentCompleted } from './reserve-on-payment-completed.ts'
import { shipOnOrderConfirmed } from './ship-on-order-confirmed.ts'

/** All reactions of the inventory service to events of others. */
export function inventoryReactions(options: {
  readonly queue: string
  readonly policy: ReservationPolicy
  readonly newId: () => string
  readonly cache?: InventoryCache
  readonly committed: (inventory: LockedInventory) => void
}): Reactions<LockedInventory> {
  const { queue, policy, newId, cache, committed } = options
  return {
    consumer: queue,
    load: (tx, messages, now) => {
      const orderIds = messages.map((message) => message.orderId)
      return lockInventory(tx, orderIds, messages.flatMap(skusToReserve), newId, now)
    },
    loadCached: (messages, now) => {
      const toReserve = messages.filter(({ name }) => name === PaymentCompleted.name)
      const skus = new Map(toReserve.map((message) => [message.orderId, skusToReserve(message)]))
      const orderIds = messages.map(({ orderId }) => orderId)
      return cache?.take(orderIds, skus, { newId, now })
    },
    reactions: [reserveOnPaymentCompleted(policy), releaseOnOrderCancelled, shipOnOrderConfirmed],
    save: saveInventory,
    committed,
  }
}

function skusToReserve(message: Message): string[] {
  if (message.name !== PaymentCompleted.name) return []
  return (message.payload as PayloadOf<typeof PaymentCompleted>).items.map((item) => item.sku)
}
