import { InventoryFailed } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { LockedSagas } from '../store/sagas.ts'
import { advanceOn, type RefundRetryPolicy } from './advance-saga.ts'

/** Requests the refund of an order without stock; the order is cancelled once it is refunded. */
export const refundOnInventoryFailed = (policy: RefundRetryPolicy): Reaction<LockedSagas> =>
  on(InventoryFailed, (message, sagas, context) => {
    advanceOn(message, () => ({ on: 'inventory.failed' }), sagas, { ...context, ...policy })
  })
