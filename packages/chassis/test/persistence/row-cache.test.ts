// needs: database
import assert from 'node:assert/strict'
import { PaymentRefundRequested } from '@order-saga/contracts'
import { testServers } from '@order-saga/dev'
import { FaultProxy } from '@order-saga/tests/support/fault-proxy'
import { deliveredMessage } from '@order-saga/tests/support/message'
import { v7 as uuidv7 } from 'uuid'
import type { Message } from '../../src/messaging/message.ts'
import { statement, type Transaction } from '../../src/persistence/database.ts'
import { on, type Reactions, Reactor } from '../../src/persistence/reactor.ts'
import { RowCache } from '../../src/persistence/row-cache.ts'
import { allOrNone } from '../../src/persistence/sql-errors.ts'
import { DependencyUnavailable, PoisonMessage } from '../../src/core/errors.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'

/** A counter whose number is its version: 0 is a row that does not exist. */
type Counters = Map<string, { read: number; n: number }>

const lock = statement('cache-lock', 'SELECT id, n FROM effects WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE')
const insert = statement('cache-insert', 'INSERT INTO effects (id, n) SELECT * FROM unnest($1::uuid[], $2::integer[])')
const update = statement(
  'cache-update',
  allOrNone(
    `UPDATE effects e SET n = u.n FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS u (id, read, n)
     WHERE e.id = u.id AND e.n = u.read`,
    'cardinality($1)',
  ),
)

/** A process with its own cache. */
class Process {
  readonly cache = new RowCache<number>()
  readonly reactor: Reactor<Counters>
  loads = 0
  /** How far each reaction counts on. */
  step: (counter: { n: number }) => number = () => 1

  constructor(store: DatabaseForTest, port?: number) {
    const relay = { accepts: true, offer: () => undefined }
    const database = store.open(port === undefined ? {} : { port })
    const dependencies = { database, relay, now: () => new Date(), newId: () => uuidv7() }
    this.reactor = new Reactor<Counters>(this.#reactions(), dependencies)
  }

  #reactions(): Reactions<Counters> {
    return {
      consumer: 'test_queue',
      load: async (tx: Transaction, messages) => {
        this.loads += 1
        const ids = messages.map(({ orderId }) => orderId)
        const rows = await tx.query<{ id: string; n: number }>(lock, [ids])
        const found = new Map(rows.map(({ id, n }) => [id, n]))
        return new Map(ids.map((id) => [id, { read: found.get(id) ?? 0, n: found.get(id) ?? 0 }]))
      },
      loadCached: (messages) => {
        const rows = this.cache.takeAll(messages.map(({ orderId }) => orderId))
        return rows && new Map([...rows].map(([id, n]) => [id, { read: n, n }]))
      },
      reactions: [
        on(PaymentRefundRequested, ({ orderId }, counters: Counters) => {
          const counter = counters.get(orderId) as { read: number; n: number }
          counter.n += this.step(counter)
        }),
      ],
      save: (tx, counters) => {
        const changed = [...counters].filter(([, { n, read }]) => n !== read)
        const [added, known] = [
          changed.filter(([, { read }]) => read === 0),
          changed.filter(([, { read }]) => read > 0),
        ]
        if (added.length > 0) tx.write(insert, [added.map(([id]) => id), added.map(([, { n }]) => n)])
        if (known.length === 0) return
        const columns = [known.map(([id]) => id), known.map(([, { read }]) => read), known.map(([, { n }]) => n)]
        tx.write(update, columns)
      },
      committed: (counters) => {
        for (const [id, { n }] of counters) this.cache.put(id, n)
      },
    }
  }
}

describe('A reactor with a cache of rows', function () {
  this.timeout(60_000)
  let store: DatabaseForTest
  let one: Process
  let other: Process

  beforeEach(async () => {
    store = await DatabaseForTest.create()
    one = new Process(store)
    other = new Process(store)
  })
  afterEach(() => store.drop())

  const refundOf = (orderId: string): Message =>
    deliveredMessage(PaymentRefundRequested.name, { reason: 'test' }, { orderId })
  const effectsOf = async (orderId: string): Promise<number> =>
    (await store.sql<{ n: number }>('SELECT n FROM effects WHERE id = $1', [orderId]))[0]?.n ?? 0
  const claims = async (): Promise<number> => (await store.sql('SELECT FROM processed_events')).length

  it('reads nothing for the next event, and commits its effect and its claim together', async () => {
    const orderId = uuidv7()
    await one.reactor.react(refundOf(orderId))
    await one.reactor.react(refundOf(orderId))
    assert.equal(one.loads, 1)
    assert.equal(await effectsOf(orderId), 2)
    const rows = await store.sql('SELECT FROM effects e JOIN processed_events p ON p.xmin = e.xmin')
    assert.equal(rows.length, 1)
  })

  it('reads them when another process has changed one, and loses no effect', async () => {
    const [orderId, unchanged] = [uuidv7(), uuidv7()]
    await Promise.all([one.reactor.react(refundOf(orderId)), one.reactor.react(refundOf(unchanged))])
    await other.reactor.react(refundOf(orderId))
    await Promise.all([one.reactor.react(refundOf(orderId)), one.reactor.react(refundOf(unchanged))])
    assert.deepEqual([await effectsOf(orderId), await effectsOf(unchanged)], [3, 2])
    assert.equal(await claims(), 5)
  })

  it('loses and repeats no effect when two processes take turns at random', async () => {
    const orderIds = Array.from({ length: 5 }, () => uuidv7())
    const messages = Array.from({ length: 100 }, (_, i) => refundOf(orderIds[i % 5] as string))
    await Promise.all(messages.map((message, i) => ((i * 7) % 3 === 0 ? one : other).reactor.react(message)))
    for (const orderId of orderIds) assert.equal(await effectsOf(orderId), 20)
  })

  it('recognises a duplicate by the inbox', async () => {
    const orderId = uuidv7()
    const twice = refundOf(orderId)
    await one.reactor.react(twice)
    assert.deepEqual(await one.reactor.react(twice), { result: 'duplicate', effects: [] })
    assert.equal(await effectsOf(orderId), 1)
    assert.equal(one.loads, 2, 'it has read the inbox')
  })

  it('reports no failure that may be due to an outdated row', async () => {
    const orderId = uuidv7()
    await one.reactor.react(refundOf(orderId))
    await other.reactor.react(refundOf(orderId))
    one.step = ({ n }) => {
      if (n === 1) throw new PoisonMessage('an outdated row')
      return 1
    }
    assert.equal((await one.reactor.react(refundOf(orderId))).result, 'processed')
    assert.equal(await effectsOf(orderId), 3)
  })

  it('holds no row whose transaction failed', async () => {
    const orderId = uuidv7()
    await one.reactor.react(refundOf(orderId))
    one.step = () => Number.NaN
    await assert.rejects(one.reactor.react(refundOf(orderId)))
    one.step = () => 1
    await one.reactor.react(refundOf(orderId))
    assert.equal(await effectsOf(orderId), 2)
    assert.equal(one.loads, 2)
  })

  it('has an effect once when the connection is lost after the commit, and holds the row no longer', async () => {
    const proxy = await FaultProxy.start((await testServers().postgres()).port)
    const cut = new Process(store, proxy.port)
    const orderId = uuidv7()
    await cut.reactor.react(refundOf(orderId))
    const message = refundOf(orderId)
    const lost = proxy.cutReply('INSERT 0 0')
    await assert.rejects(cut.reactor.react(message), DependencyUnavailable)
    await lost
    assert.equal(await effectsOf(orderId), 2)
    assert.equal((await cut.reactor.react(message)).result, 'duplicate')
    await cut.reactor.react(refundOf(orderId))
    assert.deepEqual([await effectsOf(orderId), await claims(), cut.loads], [3, 3, 2])
    await proxy.close()
  })
})

describe('The cache of rows', () => {
  it('returns each row once, also when it is named twice', () => {
    const rows = new RowCache<string>()
    rows.put('a', 'first')
    rows.put('a', 'second')
    assert.deepEqual(
      rows.take(['a', 'b', 'a']),
      new Map([
        ['a', 'second'],
        ['b', undefined],
      ]),
    )
    assert.deepEqual(rows.take(['a']), new Map([['a', undefined]]))
  })

  it('holds the 5,000 rows that were put last', () => {
    const rows = new RowCache<number>()
    for (let i = 0; i < 5_001; i += 1) rows.put(String(i), i)
    assert.deepEqual([...rows.take(['0', '1', '5000']).values()], [undefined, 1, 5_000])
  })

  it('holds no row with more than 20 items, nor its predecessor', () => {
    const rows = new RowCache<string>()
    rows.put('a', 'first', Array.from({ length: 20 }))
    rows.put('a', 'second', Array.from({ length: 21 }))
    assert.deepEqual([...rows.take(['a']).values()], [undefined])
  })
})
