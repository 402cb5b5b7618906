import { InventoryReserved } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { LockedSagas } from '../store/sagas.ts'
import { advanceOn, type RefundRetryPolicy } from './advance-saga.ts'

/** Confirms an order whose items are reserved. */
export const confirmOnInventoryReserved = (policy: RefundRetryPolicy): Reaction<LockedSagas> =>
  on(InventoryReserved, (message, sagas, context) => {
    advanceOn(message, { on: 'inventory.reserved' }, sagas, { ...context, ...policy })
  })
