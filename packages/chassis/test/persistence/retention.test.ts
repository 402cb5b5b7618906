// needs: database
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { statement } from '../../src/persistence/database.ts'
import { writeMessages } from '../../src/persistence/outbox.ts'
import { cleanUp, messagingRetention } from '../../src/persistence/retention.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'

describe('the clean-up', function () {
  this.timeout(60_000)
  let store: DatabaseForTest

  beforeEach(async () => {
    store = await DatabaseForTest.create()
  })
  afterEach(() => store.drop())

  const never = new AbortController().signal
  const hour = 3_600_000
  const clean = (signal = never): Promise<void> =>
    cleanUp(store.open(), messagingRetention(24 * hour, 7 * 24 * hour), new Date(), signal)

  const event = (published: string | null, created: string, parked = false): Promise<unknown> =>
    store.sql(
      `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload, created_at, published_at, parked_at, park_reason)
       VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), $3, '{}', now() - $2::interval, now() - $1::interval,
         CASE WHEN $4 THEN now() END, CASE WHEN $4 THEN 'unroutable' END)`,
      [published, created, `${published ?? 'never'}/${created}`, parked],
    )
  const kept = async (): Promise<unknown[]> =>
    (await store.sql<{ routing_key: string }>('SELECT routing_key FROM events ORDER BY 1')).map(
      ({ routing_key }) => routing_key,
    )

  it('removes published events after their retention, and no other', async () => {
    await event('25 hours', '25 hours')
    await event('23 hours', '25 hours')
    await event('1 hour', '1 hour')
    await event(null, '300 hours')
    await event(null, '400 hours', true)
    await clean()
    assert.deepEqual(await kept(), ['1 hour/1 hour', '23 hours/25 hours', 'never/300 hours', 'never/400 hours'])
  })

  it('removes the ids of processed events after theirs, in steps, until none is left', async () => {
    await store.sql(
      `INSERT INTO processed_events SELECT gen_random_uuid(), 'q', now() - interval '8 days' FROM generate_series(1, 2500)
       UNION ALL SELECT gen_random_uuid(), 'q', now() - interval '6 days' FROM generate_series(1, 10)`,
    )
    await clean()
    assert.deepEqual(await store.sql('SELECT count(*)::integer AS n FROM processed_events'), [{ n: 10 }])
  })

  it('deletes 1,000 rows at a time, skips locked rows and blocks no other transaction', async () => {
    const rows = 20_000
    await store.sql(
      `INSERT INTO processed_events SELECT gen_random_uuid(), 'q', now() - interval '8 days' FROM generate_series(1, ${rows});
       CREATE TABLE steps (at timestamptz DEFAULT clock_timestamp(), gone integer);
       CREATE FUNCTION step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO steps (gone) SELECT count(*) FROM removed; RETURN NULL; END $$;
       CREATE TRIGGER step AFTER DELETE ON processed_events REFERENCING OLD TABLE AS removed
         FOR EACH STATEMENT EXECUTE FUNCTION step()`,
    )
    const database = store.open()
    const held = statement('hold', 'SELECT event_id FROM processed_events LIMIT 3 FOR UPDATE')
    const cleaned = new AbortController()
    let claims = 0
    await database.transaction(async (tx) => {
      await tx.query(held)
      const cleaning = clean().finally(() => cleaned.abort())
      // Claims go on beside it, each in a transaction of its own.
      while (!cleaned.signal.aborted) {
        await database.transaction(async (other) =>
          writeMessages(other, { claims: { consumer: 'q', ids: [randomUUID()] }, now: new Date() }),
        )
        claims += 1
      }
      await cleaning
    })
    const [steps] = await store.sql<{ most: number; gone: number }>(
      'SELECT max(gone)::integer AS most, sum(gone)::integer AS gone FROM steps',
    )
    assert.deepEqual(steps, { most: 1_000, gone: rows - 3 })
    assert(claims >= 3, `${claims} claims were made meanwhile`)
    assert.deepEqual(await store.sql('SELECT count(*)::integer AS n FROM processed_events'), [{ n: 3 + claims }])
    await clean()
    assert.deepEqual(await store.sql('SELECT count(*)::integer AS n FROM processed_events'), [{ n: claims }])
  })

  it('stops between two batches when the process stops', async () => {
    await store.sql(
      `INSERT INTO processed_events SELECT gen_random_uuid(), 'q', now() - interval '8 days' FROM generate_series(1, 2500)`,
    )
    await clean(AbortSignal.abort())
    assert.deepEqual(await store.sql('SELECT count(*)::integer AS n FROM processed_events'), [{ n: 2500 }])
  })
})
