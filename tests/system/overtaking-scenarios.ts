import type { EventName, ServiceName } from '@order-saga/contracts'
import type { SagaAnswer } from '../../services/order/src/http/order-answer.ts'

/** A delivery as `event > consumer`, the passing of the deadline, or an early refund request. */
export type Step = `${EventName} > ${ServiceName}` | 'deadline' | 'refund out of turn'

interface Scenario {
  readonly title: string
  readonly order?: 'declined' | 'out of stock'
  /** The first deliveries, in this order; all others follow in the order of publication. */
  readonly steps: readonly Step[]
  readonly end: readonly [SagaAnswer['status'], SagaAnswer['reason'], SagaAnswer['compensation']]
  /** The expected requests to the provider. */
  readonly provider: readonly string[]
}

const confirmed = ['completed', null, 'none'] as const
const compensated = ['cancelled', 'compensation', 'refunded'] as const
const timedOut = ['timeout_cancelled', 'timeout', 'none'] as const
const timedOutAndRefunded = ['timeout_cancelled', 'timeout', 'refunded'] as const
const toDeadline = ['order.created > payment', 'payment.completed > order', 'deadline'] as const

/**
 * Every pair of events a consumer can get for one order, the later one first. Not among them are pairs of which an order
 * has but one: completed and failed payments, made and failed reservations, confirmed and cancelled orders; and
 * order.confirmed before payment.completed at inventory, whose own answer it takes to confirm.
 */
export const scenarios: Record<string, readonly Scenario[]> = {
  'At payment': [
    {
      title: 'order.cancelled before order.created: nothing is charged',
      steps: ['deadline', 'order.cancelled > payment', 'order.created > payment'],
      end: timedOut,
      provider: [],
    },
    {
      title: 'payment.refund.requested before order.created: nothing is charged, and the refund is answered',
      steps: ['refund out of turn', 'payment.refund.requested > payment', 'order.created > payment'],
      end: ['cancelled', 'payment_failed', 'none'],
      provider: [],
    },
    {
      title: 'order.cancelled before payment.refund.requested',
      steps: [...toDeadline, 'order.cancelled > payment', 'payment.refund.requested > payment'],
      end: timedOutAndRefunded,
      provider: ['charge', 'refund'],
    },
    {
      title: 'payment.refund.requested before order.cancelled',
      steps: [...toDeadline, 'payment.refund.requested > payment', 'order.cancelled > payment'],
      end: timedOutAndRefunded,
      provider: ['charge', 'refund'],
    },
  ],
  'At inventory': [
    {
      title: 'order.cancelled before payment.completed: nothing is reserved',
      steps: [
        ...toDeadline,
        'order.cancelled > inventory',
        'payment.completed > inventory',
        'inventory.failed > order',
      ],
      end: timedOutAndRefunded,
      provider: ['charge', 'refund'],
    },
    {
      title:
        'order.cancelled before payment.completed, of which the order service has no record: the refund is requested',
      steps: [
        'order.created > payment',
        'deadline',
        'order.cancelled > inventory',
        'payment.completed > inventory',
        'inventory.failed > order',
      ],
      end: timedOutAndRefunded,
      provider: ['charge', 'refund'],
    },
  ],
  'At the order service': [
    {
      title: 'inventory.reserved before payment.completed: the order is confirmed',
      steps: ['order.created > payment', 'payment.completed > inventory', 'inventory.reserved > order'],
      end: confirmed,
      provider: ['charge'],
    },
    {
      title: 'inventory.failed before payment.completed: it is refunded',
      order: 'out of stock',
      steps: [
        'order.created > payment',
        'payment.completed > inventory',
        'inventory.failed > order',
        'payment.completed > order',
      ],
      end: compensated,
      provider: ['charge', 'refund'],
    },
    {
      title: 'payment.refunded before payment.completed: it stays refunded',
      order: 'out of stock',
      steps: [
        'order.created > payment',
        'payment.completed > inventory',
        'inventory.failed > order',
        'payment.refund.requested > payment',
        'payment.refunded > order',
        'payment.completed > order',
      ],
      end: compensated,
      provider: ['charge', 'refund'],
    },
    {
      title: 'payment.refunded before inventory.failed',
      steps: [
        ...toDeadline,
        'payment.refund.requested > payment',
        'payment.refunded > order',
        'order.cancelled > inventory',
        'payment.completed > inventory',
        'inventory.failed > order',
      ],
      end: timedOutAndRefunded,
      provider: ['charge', 'refund'],
    },
    {
      title: 'payment.refunded before inventory.reserved: the reservation is released',
      steps: [
        'order.created > payment',
        'payment.completed > inventory',
        'payment.completed > order',
        'deadline',
        'payment.refund.requested > payment',
        'payment.refunded > order',
        'inventory.reserved > order',
      ],
      end: timedOutAndRefunded,
      provider: ['charge', 'refund'],
    },
    {
      title: 'payment.refunded before payment.failed',
      order: 'declined',
      steps: [
        'order.created > payment',
        'refund out of turn',
        'payment.refund.requested > payment',
        'payment.refunded > order',
        'payment.failed > order',
      ],
      end: ['cancelled', 'payment_failed', 'none'],
      provider: ['charge'],
    },
    {
      title: 'after the deadline, inventory.reserved before payment.completed: it is released and refunded',
      steps: [
        'order.created > payment',
        'payment.completed > inventory',
        'deadline',
        'inventory.reserved > order',
        'payment.completed > order',
      ],
      end: timedOutAndRefunded,
      provider: ['charge', 'refund'],
    },
    {
      title: 'after the deadline, inventory.failed before payment.completed: it is refunded',
      order: 'out of stock',
      steps: [
        'order.created > payment',
        'payment.completed > inventory',
        'deadline',
        'inventory.failed > order',
        'payment.completed > order',
      ],
      end: timedOutAndRefunded,
      provider: ['charge', 'refund'],
    },
  ],
  'At notification': [
    {
      title: 'order.cancelled before payment.refunded',
      order: 'out of stock',
      steps: [
        'order.created > payment',
        'payment.completed > order',
        'payment.completed > inventory',
        'inventory.failed > order',
        'payment.refund.requested > payment',
        'payment.refunded > order',
        'order.cancelled > notification',
        'payment.refunded > notification',
      ],
      end: compensated,
      provider: ['charge', 'refund'],
    },
  ],
}
