import type { SagaState } from '@order-saga/order'

/** A saga's state in one word or two: `pending`, `timeout_cancelled/refund_requested`. */
export function sagaWords({ status, compensation }: Pick<SagaState, 'status' | 'compensation'>): string {
  return compensation === 'none' ? status : `${status}/${compensation}`
}
