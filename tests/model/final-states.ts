/** The states in which the saga of an order can end, as the model prints them. */
export const finalStates = [
  'cancelled, compensation, refunded',
  'cancelled, payment_failed',
  'completed',
  'timeout_cancelled, timeout',
  'timeout_cancelled, timeout, refunded',
]
