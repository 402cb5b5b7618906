// needs: database
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { useAuditedSystem, idAt, notesIn, violationsIn } from './audited-system.ts'
import { append, claim, writeScenario } from './scenarios.ts'

const day = 86_400_000
const longAgo = new Date(Date.now() - 3_600_000)

describe('the audit of events', () => {
  const system = useAuditedSystem()

  it('finds a published event that one of its consumers never processed', async () => {
    await writeScenario(system(), 'confirmed')
    const { events } = await writeScenario(system(), 'confirmed')
    const lost = events['payment.completed']
    await system().sql('order', 'DELETE FROM processed_events WHERE event_id = $1', [lost])
    for (const pageSize of [1, 100]) {
      assert.deepEqual(
        violationsIn(await system().audit({ pageSize })),
        { 'events: published, and neither processed by order nor in its queues': [`${lost} payment.completed`] },
        `pages of ${pageSize}`,
      )
    }
  })

  it('does not report an event younger than the settle time or older than the inbox retention', async () => {
    const { events } = await writeScenario(system(), 'confirmed')
    await system().sql('order', 'DELETE FROM processed_events WHERE event_id = $1', [events['payment.completed']])
    const settling = await system().audit({ settleMs: 7_200_000 })
    assert.deepEqual(violationsIn(settling), {})
    const forgetful = await system().audit({ inboxRetentionMs: 60_000 })
    assert.deepEqual(violationsIn(forgetful), {})
  })

  it('does not report an event while a charge of its order is in flight', async () => {
    const { orderId, events } = await writeScenario(system(), 'compensated')
    await system().sql('payment', 'DELETE FROM processed_events WHERE event_id = $1', [
      events['payment.refund.requested'],
    ])
    await system().sql('payment', "UPDATE payment_transactions SET status = 'refunding' WHERE order_id = $1", [orderId])
    const report = await system().audit()
    assert.deepEqual(violationsIn(report), {})
    assert.deepEqual(notesIn(report).outstanding_events, [
      `${events['payment.refund.requested']} payment.refund.requested`,
    ])
  })

  it('finds an event that was not published in time', async () => {
    const scenario = await writeScenario(system(), 'refunding')
    const late = await append(system(), 'order', scenario, 'order.cancelled', { at: longAgo, published: false })
    await append(system(), 'order', scenario, 'payment.refund.requested', {
      at: new Date(),
      published: false,
      id: idAt(new Date()),
    })
    assert.deepEqual(violationsIn(await system().audit()), {
      'events: order.cancelled is unpublished in the outbox of order': [late],
    })
  })

  it('does not report an unpublished event that is published while the audit runs', async () => {
    const scenario = await writeScenario(system(), 'refunding')
    const late = await append(system(), 'payment', scenario, 'payment.refunded', { at: longAgo, published: false })
    const pause = async (): Promise<void> => {
      await system().sql('payment', 'UPDATE events SET published_at = now() WHERE event_id = $1', [late])
      await system().sql('order', 'INSERT INTO processed_events VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        late,
        'queue',
      ])
    }
    assert.deepEqual(violationsIn(await system().audit({ pause })), {})
  })

  it('counts parked events separately, unless they are tolerated', async () => {
    const scenario = await writeScenario(system(), 'refunding')
    const parked = await append(system(), 'inventory', scenario, 'inventory.reserved', {
      at: longAgo,
      published: false,
    })
    await system().sql(
      'inventory',
      "UPDATE events SET parked_at = now(), park_reason = 'unroutable' WHERE event_id = $1",
      [parked],
    )
    assert.deepEqual(violationsIn(await system().audit()), {
      'parked_events: unroutable in the outbox of inventory': [parked],
    })
    assert.deepEqual(violationsIn(await system().audit({ allowParkedEvents: 1 })), {})
  })

  it('finds a processed event that no service published', async () => {
    await writeScenario(system(), 'confirmed')
    const orphan = idAt(longAgo)
    const stranger = `00000000-0000-4000-8000-${randomUUID().slice(24)}`
    await claim(system(), 'inventory', orphan, longAgo)
    await claim(system(), 'payment', stranger, longAgo)
    const another = stranger.replace('00000000', 'ffffffff')
    await claim(system(), 'payment', another, longAgo)
    assert.deepEqual(violationsIn(await system().audit()), {
      'events: processed by payment, but in no outbox': [stranger, another],
      'events: processed by inventory, but in no outbox': [orphan],
    })
  })

  it('ignores events that were published without an outbox', async () => {
    const orphan = idAt(longAgo)
    await claim(system(), 'inventory', orphan, longAgo)
    assert.deepEqual(violationsIn(await system().audit({}, { foreignEvents: new Set([orphan]) })), {})
  })

  it('does not check the publisher of an event older than the outbox retention', async () => {
    await claim(system(), 'inventory', idAt(new Date(Date.now() - 2 * day)), longAgo)
    for (const start of ['00000000', 'ffffffff']) {
      const stranger = `${start}-0000-4000-8000-${randomUUID().slice(24)}`
      await claim(system(), 'payment', stranger, new Date(Date.now() - 2 * day))
    }
    assert.deepEqual(violationsIn(await system().audit()), {})
  })

  it("finds an event that was processed only by another's outbox's service itself", async () => {
    const scenario = await writeScenario(system(), 'confirmed')
    await claim(system(), 'order', scenario.events['order.confirmed'], longAgo)
    assert.deepEqual(violationsIn(await system().audit()), {
      'events: processed by order, but in no outbox': [scenario.events['order.confirmed']],
    })
  })

  it('finds an event that one service processed under two consumer names, also across pages', async () => {
    const { events } = await writeScenario(system(), 'confirmed')
    const twice = events['order.created']
    await system().sql('payment', "INSERT INTO processed_events VALUES ($1, 'payment_queue.charges', $2)", [
      twice,
      longAgo,
    ])
    for (const pageSize of [1, 100]) {
      assert.deepEqual(
        violationsIn(await system().audit({ pageSize })),
        { 'events: processed by payment under two consumer names': [twice] },
        `pages of ${pageSize}`,
      )
    }
  })
})
