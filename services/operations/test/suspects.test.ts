// needs: database
import assert from 'node:assert/strict'
import { useAuditedSystem, idAt, notesIn, violationsIn } from './audited-system.ts'
import { append, claim, writeScenario } from './scenarios.ts'

/** Runs one step at each check, and nothing at later checks. */
function atEachCheck(...steps: (() => Promise<unknown>)[]): { pause: () => Promise<void>; checks: () => number } {
  let checks = 0
  return {
    pause: async () => {
      await steps[checks]?.()
      checks += 1
    },
    checks: () => checks,
  }
}

describe('an order with findings', () => {
  const system = useAuditedSystem()

  const keepsMoney = "UPDATE payment_transactions SET status = 'charged', charge_id = 'ch', version = version + 1"
  const returnsMoney = "UPDATE payment_transactions SET status = 'declined', version = version + 1"

  it('is no violation when it has no findings at the next check', async () => {
    await writeScenario(system(), 'declined')
    await system().sql('payment', keepsMoney)
    const { pause, checks } = atEachCheck(() => system().sql('payment', returnsMoney))
    assert.deepEqual(violationsIn(await system().audit({ pause })), {})
    assert.equal(checks(), 1)
  })

  it('is a violation only when its rows did not change between two checks', async () => {
    const { orderId } = await writeScenario(system(), 'declined')
    await system().sql('payment', keepsMoney)
    const { pause, checks } = atEachCheck(() => system().sql('payment', keepsMoney))
    assert.deepEqual(violationsIn(await system().audit({ pause })), {
      'money: cancelled, but still charged and no refund is in flight': [orderId],
    })
    assert.equal(checks(), 2)
  })

  it('is reported as unsettled when it keeps changing', async () => {
    const { orderId } = await writeScenario(system(), 'declined')
    await system().sql('payment', keepsMoney)
    const report = await system().audit({ pause: async () => void (await system().sql('payment', keepsMoney)) })
    assert.deepEqual(violationsIn(report), {})
    assert.deepEqual(notesIn(report).unsettled, [orderId])
  })

  it('is no violation while an event that may resolve it is unpublished', async () => {
    const scenario = await writeScenario(system(), 'timedOut')
    await system().sql('order', "UPDATE saga_instances SET compensation = 'none'")
    await system().sql('order', "DELETE FROM events WHERE routing_key = 'payment.refund.requested'")
    await system().sql('payment', "DELETE FROM events WHERE routing_key = 'payment.refunded'")
    const gone = [scenario.events['payment.refunded'], scenario.events['payment.refund.requested']]
    for (const store of ['order', 'payment'] as const) {
      await system().sql(store, 'DELETE FROM processed_events WHERE event_id = ANY($1)', [gone])
    }
    await system().sql('payment', "UPDATE payment_transactions SET status = 'charged'")
    const kept = { 'money: cancelled, but still charged and no refund is in flight': [scenario.orderId] }
    assert.deepEqual(violationsIn(await system().audit()), kept)

    const at = new Date()
    const next = await append(system(), 'payment', { ...scenario, events: {} }, 'payment.completed', {
      at,
      published: false,
      id: idAt(at),
    })
    const waiting = await system().audit()
    assert.deepEqual(violationsIn(waiting), {})
    assert.deepEqual(notesIn(waiting).unsettled, [scenario.orderId])

    await system().sql('payment', 'UPDATE events SET published_at = $2 WHERE event_id = $1', [next, at])
    assert.deepEqual(violationsIn(await system().audit({ settleMs: 60_000 })), {}, 'published, and not yet processed')

    for (const store of ['order', 'inventory'] as const) await claim(system(), store, next, at)
    assert.deepEqual(violationsIn(await system().audit()), kept, 'processed, and of no avail')
  })

  it('is a violation at once when no event could resolve it', async () => {
    const scenario = await writeScenario(system(), 'confirmed')
    await system().sql('order', 'UPDATE orders SET amount = 1')
    await append(system(), 'order', { ...scenario, events: {} }, 'payment.refund.requested', {
      at: new Date(),
      published: false,
    })
    const { pause, checks } = atEachCheck()
    assert.deepEqual(violationsIn(await system().audit({ pause })), {
      'money: confirmed, but another amount was charged': [scenario.orderId],
    })
    assert.equal(checks(), 1)
  })

  it('is a violation when only a parked event could resolve it', async () => {
    const scenario = await writeScenario(system(), 'confirmed')
    await system().sql('inventory', "UPDATE inventory_reservations SET status = 'reserved'")
    await system().sql('inventory', 'UPDATE stock SET reserved = shipped, shipped = 0')
    const confirmed = scenario.events['order.confirmed']
    await system().sql('inventory', 'DELETE FROM processed_events WHERE event_id = $1', [confirmed])
    await system().sql(
      'order',
      "UPDATE events SET published_at = NULL, parked_at = now(), park_reason = 'unroutable' WHERE event_id = $1",
      [confirmed],
    )
    assert.deepEqual(violationsIn(await system().audit({ allowParkedEvents: 1 })), {
      'stock: confirmed, but its reservation is reserved': [scenario.orderId],
    })
  })

  it('is a violation without waiting for effects that the inbox has removed', async () => {
    const scenario = await writeScenario(system(), 'declined')
    await system().sql('payment', keepsMoney)
    await system().sql('payment', 'DELETE FROM processed_events')
    assert.deepEqual(notesIn(await system().audit()).unsettled, [scenario.orderId])
    const forgetful = await system().audit({ inboxRetentionMs: 60_000 })
    assert.deepEqual(violationsIn(forgetful), {
      'money: cancelled, but still charged and no refund is in flight': [scenario.orderId],
    })
  })

  it('waits for the settle time between checks', async () => {
    await writeScenario(system(), 'declined')
    await system().sql('payment', keepsMoney)
    const pauses: number[] = []
    await system().audit({ settleMs: 1_234, pause: async (ms) => void pauses.push(ms) })
    assert.deepEqual(pauses, [1_234])
  })
})
