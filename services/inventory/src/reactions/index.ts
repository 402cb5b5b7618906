import { PaymentCompleted, type PayloadOf } from '@order-saga/contracts'
import type { Message, Reactions } from '@order-saga/chassis'
import { closeWarehouse, openWarehouse, type Warehouse } from '../store/reservations.ts'
import { releaseOnOrderCancelled } from './release-on-order-cancelled.ts'
import { type ReservationPolicy, reserveOnPaymentCompleted } from './reserve-on-payment-completed.ts'
import { shipOnOrderConfirmed } from './ship-on-order-confirmed.ts'

/** All the inventory service does on events of others. */
export function inventoryReactions(options: {
  readonly queue: string
  readonly policy: ReservationPolicy
  readonly now: () => Date
  readonly newId: () => string
  readonly committed: (warehouse: Warehouse) => void
}): Reactions<Warehouse> {
  const { queue, policy, now, newId, committed } = options
  return {
    consumer: queue,
    load: (tx, messages) => {
      const orderIds = messages.map((message) => message.orderId)
      return openWarehouse(tx, orderIds, messages.flatMap(skusToReserve), newId, now())
    },
    reactions: [reserveOnPaymentCompleted(policy), releaseOnOrderCancelled, shipOnOrderConfirmed],
    save: closeWarehouse,
    committed,
  }
}

function skusToReserve(message: Message): string[] {
  if (message.name !== PaymentCompleted.name) return []
  return (message.payload as PayloadOf<typeof PaymentCompleted>).items.map((item) => item.sku)
}
