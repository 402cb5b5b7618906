import assert from 'node:assert/strict'
import { Collector } from '@order-saga/tests/support/collector'
import { createTracing } from '../../src/core/tracing.ts'
import { startOutboxSpan } from '../../src/messaging/spans.ts'
import { outgoing } from '../support/deliveries.ts'

const hourMs = 3_600_000
const milliseconds = (nanoseconds: bigint): number => Number(nanoseconds / 1_000_000n)

describe('The span of an event in the outbox', () => {
  it('begins as long before its publication as the event waited, by a clock that differs from the process', async () => {
    const collector = await Collector.start()
    try {
      const onExportError = (reason: string): void => assert.fail(reason)
      const options = { service: 'payment', endpoint: collector.url, sampleRatio: 1, onExportError }
      const tracing = await createTracing(options)
      const now = new Date(Date.now() + hourMs)
      // The second is newer than the clock says, as after a correction of the clock.
      for (const waitedMs of [250, -1]) {
        const createdAt = new Date(now.getTime() - waitedMs)
        startOutboxSpan(tracing, outgoing({ createdAt }), 'saga.topic', now).end()
      }
      await tracing.close()
      const started = (kind: string): number[] =>
        collector.spans.filter(({ name }) => name.startsWith(kind)).map(({ startedAt }) => milliseconds(startedAt))
      const [outbox, published] = [started('outbox'), started('publish')]
      const [waited = Number.NaN, negative = Number.NaN] = published.map((at, i) => at - (outbox[i] ?? Number.NaN))
      // A busy machine may pause between the two spans.
      assert.ok(waited >= 249 && waited < 10_000, `${waited} ms`)
      assert.ok(negative >= 0 && negative < 10_000, `${negative} ms`)
    } finally {
      await collector.stop()
    }
  })
})
