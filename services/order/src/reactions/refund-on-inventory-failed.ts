import { InventoryFailed } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { SagaBook } from '../store/sagas.ts'
import { advanceOn, type RefundPatience } from './advance-saga.ts'

/** Paid, and nothing to ship: the money goes back first, then the order is cancelled. */
export const refundOnInventoryFailed = (patience: RefundPatience): Reaction<SagaBook> =>
  on(InventoryFailed, (message, sagas, context) => {
    advanceOn(message, { on: 'inventory.failed' }, sagas, { ...context, ...patience })
  })
