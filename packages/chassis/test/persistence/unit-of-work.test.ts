// needs: database
import assert from 'node:assert/strict'
import { PaymentRefundRequested } from '@order-saga/contracts'
import { v7 as uuidv7 } from 'uuid'
import { createMetrics } from '../../src/core/metrics.ts'
import type { OutgoingEvent } from '../../src/messaging/message.ts'
import { type Database, statement } from '../../src/persistence/database.ts'
import { PublicationMarker } from '../../src/persistence/publication-marker.ts'
import { commitWithEvents } from '../../src/persistence/unit-of-work.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'
import { recordedLog } from '../support/recorded-log.ts'

const add = statement('test-add', 'INSERT INTO effects (id) VALUES ($1)')

describe('A transaction of a service', function () {
  this.timeout(60_000)
  let store: DatabaseForTest
  let database: Database
  let marker: PublicationMarker
  let metrics: ReturnType<typeof createMetrics>

  beforeEach(async () => {
    store = await DatabaseForTest.create()
    database = store.open()
    metrics = createMetrics()
    const { log } = recordedLog([])
    marker = new PublicationMarker({ database, log, metrics, parkAfterMs: 60_000, now: () => new Date() })
  })
  afterEach(() => store.drop())

  const offered: OutgoingEvent[] = []
  const commit = async (work: (id: string) => readonly string[] | Promise<string[]>): Promise<void> => {
    const relay = {
      accepts: true,
      offer: (events: readonly OutgoingEvent[]) => void offered.push(...events),
      takeConfirmed: () => marker.takeConfirmed(),
    }
    await commitWithEvents(
      { database, relay, now: () => new Date(), newId: () => uuidv7() },
      async (tx, { append }) => {
        const [id, ...more] = await work(uuidv7())
        append(PaymentRefundRequested, { reason: 'test' }, { sagaId: uuidv7(), orderId: uuidv7() })
        for (const one of [id, ...more]) tx.write(add, [one])
      },
    )
  }
  const committedEvent = async (): Promise<OutgoingEvent> => {
    await commit((id) => [id])
    return offered.at(-1) as OutgoingEvent
  }
  const isMarked = async ({ eventId }: OutgoingEvent): Promise<boolean | undefined> =>
    (
      await store.sql<{ marked: boolean }>(
        'SELECT published_at IS NOT NULL AS marked FROM events WHERE event_id = $1',
        [eventId],
      )
    )[0]?.marked
  const published = async (): Promise<number | undefined> => (await metrics.outboxPublished.get()).values[0]?.value

  it('marks the events that were published before it, together with its own change', async () => {
    const event = await committedEvent()
    marker.add(event, 'routed')
    await commit((id) => [id])
    const rows = await store.sql(
      'SELECT FROM effects f JOIN events e ON e.xmin = f.xmin WHERE e.published_at IS NOT NULL',
    )
    assert.equal(rows.length, 1)
    assert.equal(await published(), 1)
  })

  it('that fails leaves the marks to a transaction of their own, not to the next one, which may fail too', async () => {
    const event = await committedEvent()
    marker.add(event, 'routed')
    await assert.rejects(commit(() => ['no uuid']))
    let end: (() => void) | undefined
    const next = commit(async (id) => {
      await new Promise<void>((resolve) => (end = resolve))
      return [id]
    })
    await marker.flush()
    assert.deepEqual([await isMarked(event), await published()], [true, 1])
    end?.()
    await next
    assert.equal(await published(), 1)
  })

  it('marks no event that was not routed', async () => {
    const event = await committedEvent()
    marker.add(event, 'failed', new Error('no confirm'))
    await commit((id) => [id])
    assert.equal(await isMarked(event), false)
    await marker.flush()
    assert.equal(await isMarked(event), false)
  })
})
