import { encode, newEvent, propertiesOf } from '@order-saga/chassis'
import { ownExchange, PaymentCompleted } from '@order-saga/contracts'
import { v7 as newId } from 'uuid'
import type { System } from '@order-saga/tests/support/system'
import { readCounter } from './costs.ts'
import { rateBetween, watchProgress } from './progress.ts'
import type { BenchEnvironment } from './bench-environment.ts'

const messages = 20_000
/** Excludes the first half, while V8 compiles the code of the restarted service. */
const warmUpRatio = 0.5
const unconfirmed = 1_000
const pollMs = 100
const limitMs = 120_000

/**
 * Measures the throughput of inventory alone, with a full queue of `payment.completed`. No other service may run. The
 * orders of these events do not exist, so the audit has to come first.
 * @returns messages per second
 */
export async function measureConsumer({ system, sku }: Pick<BenchEnvironment, 'system' | 'sku'>): Promise<number> {
  await fillQueue(system, sku)
  await system.start('inventory')
  const inventory = [system.services.inventory]
  const processed = (): Promise<number> =>
    readCounter(inventory, 'event_consumed_total', { event: PaymentCompleted.name, result: 'processed' })
  const samples = await watchProgress(processed, { total: messages, intervalMs: pollMs, limitMs })
  await system.services.inventory.stop()
  return rateBetween(samples, messages, warmUpRatio)
}

/** Publishes to the direct exchange of inventory: the order service, which also consumes these events, must not receive them. */
async function fillQueue({ broker }: System, sku: string): Promise<void> {
  const channel = await broker.channel()
  const queue = broker.queueOf('inventory')
  for (let sent = 1; sent <= messages; sent += 1) {
    const now = new Date()
    const payload = {
      paymentId: newId(),
      amount: '12.50',
      currency: 'USD',
      items: [{ sku, qty: 1 }],
      customerEmail: 'load@example.com',
      deadline: new Date(now.getTime() + 90_000).toISOString(),
    }
    const event = newEvent(PaymentCompleted, payload, { sagaId: newId(), orderId: newId() }, { eventId: newId(), now })
    channel.publish(ownExchange(queue), queue, encode(event), propertiesOf(event))
    if (sent % unconfirmed === 0) await channel.waitForConfirms()
  }
  await channel.waitForConfirms()
}
