import { encode, newEvent, propertiesOf } from '@order-saga/chassis'
import { PaymentCompleted } from '@order-saga/contracts'
import { v7 as newId } from 'uuid'
import type { System } from '@order-saga/tests/support/system'
import { countOf } from './costs.ts'
import { rateBetween, watchProgress } from './progress.ts'
import type { Stage } from './stage.ts'

const messages = 20_000
/** Of the first half of them inventory learns its work: V8 compiles what they need. */
const countedFrom = 0.5
const unconfirmed = 1_000
const lookMs = 100
const limitMs = 120_000

/**
 * What one consumer does here at most: inventory, alone, with a queue full of payments that wait for their reservation.
 * No service may run. The orders are nobody's, so the audit must have been before.
 * @returns messages per second
 */
export async function consumerAlone({ system, sku }: Pick<Stage, 'system' | 'sku'>): Promise<number> {
  await fillQueue(system, sku)
  await system.start('inventory')
  const inventory = [system.services.inventory]
  const processed = (): Promise<number> =>
    countOf(inventory, 'event_consumed_total', { event: PaymentCompleted.name, result: 'processed' })
  const samples = await watchProgress(processed, { total: messages, intervalMs: lookMs, limitMs })
  await system.services.inventory.stop()
  return rateBetween(samples, messages, countedFrom)
}

/** Straight into the queue: the order service, which consumes these events as well, need not know of them. */
async function fillQueue({ broker }: System, sku: string): Promise<void> {
  const channel = await broker.channel()
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
    channel.sendToQueue(broker.queueOf('inventory'), encode(event), propertiesOf(event))
    if (sent % unconfirmed === 0) await channel.waitForConfirms()
  }
  await channel.waitForConfirms()
}
