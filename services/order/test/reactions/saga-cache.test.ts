// needs: database
import assert from 'node:assert/strict'
import { InventoryFailed, InventoryReserved, PaymentCompleted } from '@order-saga/contracts'
import type { Message, UnitOfWork } from '@order-saga/chassis'
import { increasingClock } from '@order-saga/tests/support/increasing-clock'
import { deliveredMessage } from '@order-saga/tests/support/message'
import { v7 as uuidv7 } from 'uuid'
import { Reactor } from '../../../../packages/chassis/src/persistence/reactor.ts'
import { orderReactions } from '../../src/reactions/index.ts'
import { checkDeadlines } from '../../src/deadline-checker.ts'
import { type LockedSagas, lockSagas, SagaCache } from '../../src/store/sagas.ts'
import { OrderApi, orderDatabase, someOrder } from '../http/order-api.ts'

describe('An order process with a cache of sagas', () => {
  let api: OrderApi
  let loads = 0
  const now = increasingClock()
  before(async () => {
    await orderDatabase('sagas_cache')
    api = await OrderApi.start({ database: 'sagas_cache' })
  })
  after(async () => await api.close())

  function startProcess(cache = new SagaCache()): Reactor<LockedSagas> {
    const committed = (sagas: LockedSagas): void => cache.put(sagas.values())
    const reactions = orderReactions({ queue: 'order_queue', refundRetryMs: 30_000, cache, committed })
    const load: typeof reactions.load = (...values) => {
      loads += 1
      return reactions.load(...values)
    }
    return new Reactor({ ...reactions, load }, unitOfWork())
  }

  function unitOfWork(): UnitOfWork {
    const relay = { accepts: false, offer: () => undefined }
    return { database: api.database, relay, now, newId: () => uuidv7() }
  }

  const change = (text: string, sagaId: string) => api.database.query({ name: uuidv7(), text }, [sagaId])

  async function place(): Promise<{ orderId: string; sagaId: string }> {
    const { json } = await api.post(someOrder())
    return { orderId: String(json['orderId']), sagaId: String(json['sagaId']) }
  }

  const { amount, currency, items } = someOrder()
  const paid = (ids: { orderId: string; sagaId: string }): Message =>
    deliveredMessage(PaymentCompleted.name, { amount: String(amount), currency }, ids)
  const reserved = (ids: { orderId: string; sagaId: string }): Message =>
    deliveredMessage(InventoryReserved.name, { items }, ids)

  async function stored(sagaId: string): Promise<unknown> {
    const text = `SELECT s.status AS saga, o.status AS order, s.version, jsonb_array_length(s.history) AS history,
      (SELECT count(*) FROM events e WHERE e.saga_id = s.saga_id) AS events
      FROM saga_instances s JOIN orders o USING (order_id) WHERE s.saga_id = $1`
    return (await api.database.query({ name: 'cache-saga', text }, [sagaId]))[0]
  }
  const confirmed = { saga: 'completed', order: 'confirmed', version: 3, history: 4, events: 2 }

  it('completes one that it accepted without a read', async () => {
    loads = 0
    const process = startProcess(api.cache)
    const ids = await place()
    await process.react(paid(ids))
    await process.react(reserved(ids))
    assert.deepEqual(await stored(ids.sagaId), confirmed)
    assert.equal(loads, 0)
  })

  it('caches each as it would be read', async () => {
    const process = startProcess(api.cache)
    const ids = await place()
    for (const event of [undefined, paid]) {
      if (event !== undefined) await process.react(event(ids))
      const read = await api.database.transaction((tx) => lockSagas(tx, [ids.sagaId]))
      const cached = api.cache.take([ids.sagaId])
      assert.deepEqual(cached, read)
      api.cache.putNew(read.get(ids.sagaId) as Parameters<SagaCache['putNew']>[0])
    }
  })

  it('completes one by two events of one batch', async () => {
    loads = 0
    const process = startProcess(api.cache)
    const ids = await place()
    await Promise.all([process.react(paid(ids)), process.react(reserved(ids))])
    assert.deepEqual(await stored(ids.sagaId), { ...confirmed, version: 2 })
    assert.equal(loads, 0)
  })

  it('confirms none that the deadline check of another process has cancelled', async () => {
    const process = startProcess(api.cache)
    const ids = await place()
    await change(`UPDATE saga_instances SET timeout_at = now() - interval '1 s' WHERE saga_id = $1`, ids.sagaId)
    await checkDeadlines({ ...unitOfWork(), refundRetryMs: 30_000, committed: () => undefined })
    await process.react(paid(ids))
    const cancelled = { saga: 'timeout_cancelled', order: 'cancelled', version: 3, history: 4, events: 3 }
    assert.deepEqual(await stored(ids.sagaId), cancelled)
  })

  it('completes one whose last write a failover has undone, although its version was reached again', async () => {
    const [one, other] = [startProcess(api.cache), startProcess()]
    const ids = await place()
    await one.react(paid(ids))
    await change(
      `UPDATE saga_instances SET status = 'pending', version = 1, updated_at = created_at, history = history - 1
       WHERE saga_id = $1`,
      ids.sagaId,
    )
    await other.react(reserved(ids))
    await one.react(paid(ids))
    assert.deepEqual(await stored(ids.sagaId), confirmed)
  })

  it('completes one that two processes advance in turn', async () => {
    const [one, other] = [startProcess(api.cache), startProcess()]
    const ids = await place()
    await other.react(paid(ids))
    await one.react(reserved(ids))
    assert.deepEqual(await stored(ids.sagaId), confirmed)
  })

  it('reads a saga for an event that follows a payment which another process has recorded', async () => {
    const { cache } = api
    const { loadCached } = orderReactions({
      queue: 'order_queue',
      refundRetryMs: 30_000,
      cache,
      committed: () => undefined,
    })
    const isCached = async (...events: ((ids: Awaited<ReturnType<typeof place>>) => Message)[]): Promise<boolean> => {
      const ids = await place()
      return (
        loadCached?.(
          events.map((event) => event(ids)),
          new Date(),
        ) !== undefined
      )
    }
    assert.deepEqual(
      [await isCached(reserved), await isCached(paid), await isCached(paid, reserved)],
      [false, true, true],
    )
  })

  it('completes no saga on an outdated row', async () => {
    const [one, other] = [startProcess(api.cache), startProcess()]
    const ids = await place()
    await one.react(paid(ids))
    await other.react(deliveredMessage(InventoryFailed.name, { reason: 'out_of_stock' }, ids))
    // Against the protocol; on the cached row it would confirm the order.
    await one.react(reserved(ids))
    assert.deepEqual(await stored(ids.sagaId), {
      ...confirmed,
      saga: 'refunding',
      order: 'pending',
      version: 4,
      history: 5,
    })
  })

  it('handles a batch of which it knows only a part', async () => {
    const one = startProcess(api.cache)
    const known = await place()
    const unknown = await place()
    await startProcess().react(paid(unknown))
    await one.react(paid(known))
    await Promise.all([one.react(reserved(unknown)), one.react(reserved(known))])
    for (const { sagaId } of [known, unknown]) assert.deepEqual(await stored(sagaId), confirmed)
  })
})
