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
      const report = (reason: string): void => assert.fail(reason)
      const tracing = await createTracing({
        service: 'payment',
        endpoint: collector.url,
        sampleRatio: 1,
        onExportError: report,
      })
      const now = new Date(Date.now() + hourMs)
      const createdAt = new Date(now.getTime() - 250)
      startOutboxSpan(tracing, outgoing({ createdAt }), 'saga.topic', now).end()
      startOutboxSpan(tracing, outgoing({ createdAt: new Date(now.getTime() + 1) }), 'saga.topic', now).end()
      await tracing.close()
      const startOf = (kind: string): number[] =>
        collector.spans.filter(({ name }) => name.startsWith(kind)).map(({ startedAt }) => milliseconds(startedAt))
      const [waited = Number.NaN, unmeasurable = Number.NaN] = startOf('publish').map(
        (published, index) => published - (startOf('outbox')[index] ?? Number.NaN),
      )
      // A busy machine may pause between the two spans.
      assert.ok(waited >= 249 && waited < 10_000, `${waited} ms`)
      assert.ok(unmeasurable >= 0 && unmeasurable < 10_000, `${unmeasurable} ms`)
    } finally {
      await collector.stop()
    }
  })
})
