/** What GET /sagas/{sagaId} answers, as far as the demo looks at it. */
export interface SagaView {
  sagaId: string
  orderId: string
  status: string
  reason: string | null
  compensation: string
  createdAt: string
  finishedAt: string | null
}

/** One of the ways an order can go, and the order that goes it. */
export interface Flow {
  name: string
  orders: number
  /** Driven all at once, because each takes as long as the deadline; the others one after the other. */
  together: boolean
  order: { customerEmail: string; items: { sku: string; qty: number }[]; amount: number; currency: string }
  expected: Partial<SagaView>
}

const items = [{ sku: 'SKU-1', qty: 2 }]
const price = { amount: 125.5, currency: 'USD' }

/** All four ways; the e-mail addresses and the SKU that choose one are triggers of the simulated failures. */
export const flows: readonly Flow[] = [
  {
    name: 'confirmed',
    orders: 24,
    together: false,
    order: { customerEmail: 'user@example.com', items, ...price },
    expected: { status: 'completed' },
  },
  {
    name: 'payment fails',
    orders: 8,
    together: false,
    order: { customerEmail: 'decline@example.com', items, ...price },
    expected: { status: 'cancelled', reason: 'payment_failed' },
  },
  {
    name: 'out of stock',
    orders: 8,
    together: false,
    order: { customerEmail: 'user@example.com', items: [{ sku: 'SIM-NONE', qty: 1 }], ...price },
    expected: { status: 'cancelled', reason: 'compensation', compensation: 'refunded' },
  },
  {
    name: 'too late',
    orders: 8,
    together: true,
    order: { customerEmail: 'slow@example.com', items, ...price },
    expected: { status: 'timeout_cancelled', reason: 'timeout', compensation: 'refunded' },
  },
]

/** How a saga ended, or stands, in a few words. */
export function outcome({ status, reason, compensation }: Partial<SagaView>): string {
  const details = [reason, compensation === 'none' ? undefined : compensation].filter(Boolean)
  return details.length > 0 ? `${status} (${details.join(', ')})` : `${status}`
}

/**
 * True when nothing more is to happen to the saga that the flow waits for. A saga that ends at its deadline while the
 * charge is under way has its final status before it is known that there is something to pay back.
 */
export function isOver({ status, reason, compensation }: SagaView, { expected }: Flow): boolean {
  if (!['completed', 'cancelled', 'timeout_cancelled'].includes(status)) return false
  const asExpectedSoFar = status === expected.status && (expected.reason === undefined || reason === expected.reason)
  if (!asExpectedSoFar) return compensation !== 'refund_requested'
  return expected.compensation === undefined || compensation === expected.compensation
}

/** True when the saga ended as the flow expects. */
export function isExpected(saga: SagaView, { expected }: Flow): boolean {
  return Object.entries(expected).every(([field, value]) => saga[field as keyof SagaView] === value)
}
