// needs: system
import assert from 'node:assert/strict'
import type { EventName, ServiceName } from '@order-saga/contracts'
import { v7 as uuidv7 } from 'uuid'
import type { SagaAnswer } from '../../services/order/src/http/order-answer.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { ProviderLedger } from '../support/provider/provider-ledger.ts'
import { declinedAmount } from '../support/flows.ts'
import { requestsFor } from '../support/ledger.ts'
import { Network } from '../support/network.ts'
import { type PlacedOrder, someSku, historyOf } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

/** A delivery as `event > consumer`, the passing of the deadline, or an early refund request. */
type Step = `${EventName} > ${ServiceName}` | 'deadline' | 'refund out of turn'

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
const scenarios: Record<string, readonly Scenario[]> = {
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

describe('Events that overtake each other', function () {
  this.timeout(120_000)
  let provider: Provider
  let network: Network
  const sku = someSku()
  const system = useSystem(async () => {
    provider = await startProvider({
      ledger: new ProviderLedger(({ amount }) => Number(amount) === declinedAmount),
    })
    return { provider }
  })
  before(async () => {
    await system().shop.putStock(sku, 1_000)
    network = await Network.take(system())
  })
  after(() => provider.stop())

  async function take(step: Step, placed: PlacedOrder): Promise<void> {
    if (step === 'deadline') return await system().passDeadline(placed)
    if (step === 'refund out of turn') return await askForRefund(placed)
    const [name, to] = step.split(' > ') as [EventName, ServiceName]
    await network.pass(placed.orderId, name, to)
  }

  async function askForRefund({ orderId, sagaId }: PlacedOrder): Promise<void> {
    await system().sql(
      'order',
      `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload)
       VALUES ($1, $2, $3, 'payment.refund.requested', '{"reason": "out of turn"}')`,
      [uuidv7(), sagaId, orderId],
    )
  }

  for (const [consumer, all] of Object.entries(scenarios)) {
    describe(consumer, () => {
      for (const { title, order, steps, end, provider: asked } of all) {
        it(title, async () => {
          const { available: before } = await system().shop.stock(sku)
          const placed = await system().shop.post({
            ...(order === 'declined' && { amount: declinedAmount }),
            items: [order === 'out of stock' ? { sku: 'SIM-NONE', qty: 1 } : { sku, qty: 2 }],
          })
          for (const step of steps) await take(step, placed)
          await system().until('the rest to be delivered', async () => {
            for (const { event, to } of network.due()) await network.deliver(event, to)
            const { finishedAt, compensation } = await system().shop.saga(placed.sagaId)
            return finishedAt !== null && compensation !== 'refund_requested' && network.due().length === 0
          })
          const saga = await system().shop.saga(placed.sagaId)
          assert.deepEqual([saga.status, saga.reason, saga.compensation], end, historyOf(saga).join('\n'))
          assert.deepEqual(requestsFor(provider, placed.orderId), asked)
          await system().settle()
          const sold = saga.status === 'completed' ? 2 : 0
          assert.deepEqual(await system().shop.stock(sku), { sku, available: before - sold, reserved: 0 })
        })
      }
    })
  }
})
