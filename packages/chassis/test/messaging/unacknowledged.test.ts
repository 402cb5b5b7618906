import assert from 'node:assert/strict'
import { createMetrics } from '../../src/core/metrics.ts'
import { exportUnacknowledged, stalledConsumers } from '../../src/messaging/unacknowledged.ts'

describe('the oldest unacknowledged delivery', () => {
  const consumers = [
    { queue: 'payment_queue', oldestUnsettledMs: 0 },
    { queue: 'payment_queue.charges', oldestUnsettledMs: 0 },
  ]
  const [, charges] = consumers

  it('is exported by its queue, as old as it is when it is scraped', async () => {
    const metrics = createMetrics()
    exportUnacknowledged(metrics, consumers)
    const name = 'consumer_oldest_unacknowledged_seconds'
    const samples = async (): Promise<string[]> =>
      (await metrics.registry.getSingleMetricAsString(name)).split('\n').filter((line) => !line.startsWith('#'))
    assert.deepEqual(await samples(), [`${name}{queue="payment_queue"} 0`, `${name}{queue="payment_queue.charges"} 0`])
    charges!.oldestUnsettledMs = 75_500
    assert.deepEqual((await samples())[1], `${name}{queue="payment_queue.charges"} 75.5`)
  })

  it('is reported when it is older than two minutes', () => {
    charges!.oldestUnsettledMs = 120_000
    assert.deepEqual(stalledConsumers(consumers), [])
    charges!.oldestUnsettledMs = 120_600
    assert.deepEqual(stalledConsumers(consumers), [
      'A delivery of payment_queue.charges has been unacknowledged for 121 s.',
    ])
  })
})
