import { InventoryReserved } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import { isOrdersItems } from './match.ts'
import type { LockedSagas, SagaRecord } from '../store/sagas.ts'
import { advanceOn, type RefundRetryPolicy } from './advance-saga.ts'

/** Confirms a paid order whose items are reserved; a reservation that overtook its payment is recorded. */
export const confirmOnInventoryReserved = (policy: RefundRetryPolicy): Reaction<LockedSagas> =>
  on(InventoryReserved, (message, sagas, context) => {
    const input = (order: SagaRecord) =>
      ({ on: 'inventory.reserved', matches: isOrdersItems(message.payload.items, order.items) }) as const
    advanceOn(message, input, sagas, { ...context, ...policy })
  })
