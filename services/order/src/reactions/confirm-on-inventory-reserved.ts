import { InventoryReserved } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { SagaBook } from '../store/sagas.ts'
import { advanceOn, type RefundPatience } from './advance-saga.ts'

/** Paid and reserved: the order is confirmed. */
export const confirmOnInventoryReserved = (patience: RefundPatience): Reaction<SagaBook> =>
  on(InventoryReserved, (message, sagas, context) => {
    advanceOn(message, { on: 'inventory.reserved' }, sagas, { ...context, ...patience })
  })
