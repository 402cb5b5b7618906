// needs: database
import assert from 'node:assert/strict'
import { commitWithEvents, createMetrics } from '@order-saga/chassis'
import { waitUntil } from '@order-saga/dev'
import { v7 as uuidv7 } from 'uuid'
import type { SagaInput } from '../../src/domain/saga.ts'
import { advance } from '../../src/reactions/advance-saga.ts'
import { createSagaMetrics } from '../../src/saga-metrics.ts'
import { lockSagas, type SagaRecord, saveSagas } from '../../src/store/sagas.ts'
import { OrderApi, orderDatabase, someOrder } from '../http/order-api.ts'

describe('The sagas of a transaction', () => {
  let api: OrderApi
  before(async () => {
    await orderDatabase('store_sagas')
    api = await OrderApi.start({ database: 'store_sagas' })
  })
  after(async () => await api.close())

  /** One transaction that applies the inputs to the saga. */
  async function apply(
    sagaId: string,
    inputs: readonly SagaInput[],
    whileLocked = async (): Promise<void> => undefined,
    name = 'test',
  ): Promise<SagaRecord> {
    const relay = { accepts: false, offer: () => undefined }
    const unitOfWork = { database: api.database, relay, now: () => new Date(), newId: () => uuidv7() }
    return await commitWithEvents(unitOfWork, async (tx, context) => {
      const saga = (await lockSagas(tx, [sagaId])).get(sagaId)
      assert.ok(saga)
      await whileLocked()
      const message = { name, eventId: uuidv7(), traceparent: undefined }
      for (const input of inputs) advance(saga, input, { ...context, refundRetryMs: 1_000 }, message)
      // Any instant: whether a saga is newly finished does not depend on it.
      saveSagas(tx, [saga], new Date(context.now.getTime() + 1))
      return saga
    })
  }

  async function stored(sagaId: string): Promise<Record<string, unknown>> {
    const text = `SELECT s.status AS saga, s.version, o.status AS order, o.updated_at = s.updated_at AS together
      FROM saga_instances s JOIN orders o USING (order_id) WHERE s.saga_id = $1`
    const [row] = await api.database.query<Record<string, unknown>>({ name: 'test-saga', text }, [sagaId])
    assert.ok(row)
    return row
  }

  async function isWaitingForLock(): Promise<boolean> {
    const text = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    return (await api.database.query({ name: 'test-lock', text })).length > 0
  }

  it('finish their orders in the transaction that finishes them, and in no later one', async () => {
    const sagaId = String((await api.post(someOrder())).json['sagaId'])
    const open = await apply(sagaId, [{ on: 'payment.completed', matches: true }])
    assert.deepEqual(await stored(sagaId), { saga: 'payment_completed', version: 2, order: 'pending', together: false })
    const finished = await apply(sagaId, [{ on: 'inventory.reserved', matches: true }])
    assert.deepEqual(await stored(sagaId), { saga: 'completed', version: 3, order: 'confirmed', together: true })
    const late = await apply(sagaId, [
      { on: 'payment.completed', matches: true },
      { on: 'inventory.reserved', matches: true },
    ])
    assert.deepEqual(await stored(sagaId), { saga: 'completed', version: 4, order: 'confirmed', together: false })
    assert.deepEqual(
      [open, finished, late].map(({ isNewlyFinished, finishedAt }) => [isNewlyFinished, finishedAt]),
      [
        [false, null],
        [true, finished.finishedAt],
        [false, finished.finishedAt],
      ],
    )
  })

  it('are counted as finished once', async () => {
    const metrics = createMetrics()
    const { committed } = createSagaMetrics(metrics)
    const sagaId = String((await api.post(someOrder())).json['sagaId'])
    committed([
      await apply(sagaId, [
        { on: 'payment.completed', matches: true },
        { on: 'inventory.reserved', matches: true },
      ]),
    ])
    committed([await apply(sagaId, [{ on: 'payment.completed', matches: true }])])
    const text = await metrics.registry.getSingleMetricAsString('saga_finished_total')
    assert.match(text, /saga_finished_total\{outcome="confirmed"\} 1\n/)
  })

  it('keep a reservation that came first, and complete with the payment', async () => {
    const sagaId = String((await api.post(someOrder())).json['sagaId'])
    const first = await apply(sagaId, [{ on: 'inventory.reserved', matches: true }])
    assert.equal(first.state.status, 'pending')
    const second = await apply(sagaId, [{ on: 'payment.completed', matches: true }])
    assert.equal(second.state.status, 'completed')
    assert.deepEqual(await stored(sagaId), { saga: 'completed', version: 3, order: 'confirmed', together: true })
  })

  it('keep a mismatch until the deadline, which requests the refund', async () => {
    const sagaId = String((await api.post(someOrder())).json['sagaId'])
    await apply(sagaId, [{ on: 'payment.completed', matches: false }])
    const { state, added } = await apply(sagaId, [{ on: 'deadline' }])
    assert.deepEqual([state.status, state.compensation], ['timeout_cancelled', 'refund_requested'])
    assert.deepEqual(
      added.filter(({ direction }) => direction === 'published').map(({ event }) => event),
      ['order.cancelled', 'payment.refund.requested'],
    )
  })

  it('count their violations, once per event, and record which sagas have them', async () => {
    const metrics = createMetrics()
    const { committed } = createSagaMetrics(metrics)
    const sagaId = String((await api.post(someOrder())).json['sagaId'])
    const different = { on: 'inventory.reserved', matches: false } as const
    committed([
      await apply(sagaId, [different, { on: 'payment.refunded', matches: true }], undefined, 'inventory.reserved'),
    ])
    committed([await apply(sagaId, [{ on: 'payment.completed', matches: true }], undefined, 'payment.completed')])
    committed([await apply(sagaId, [different], undefined, 'inventory.reserved')])
    const text = await metrics.registry.getSingleMetricAsString('saga_protocol_violations_total')
    assert.match(text, /\{event="inventory.reserved"\} 3\n/)
    assert.match(text, /\{event="payment.completed"\} 0\n/)
    const rows = { name: 'test-violations', text: 'SELECT violations FROM saga_violations WHERE saga_id = $1' }
    assert.deepEqual(await api.database.query(rows, [sagaId]), [{ violations: 3 }])
  })

  it('exclude each other: a second transaction waits for the first and sees its state', async () => {
    const sagaId = String((await api.post(someOrder())).json['sagaId'])
    const deadline = [{ on: 'deadline' }] as const
    let second: Promise<SagaRecord> | undefined
    let isDone = false
    const first = await apply(sagaId, deadline, async () => {
      second = apply(sagaId, deadline).finally(() => (isDone = true))
      await waitUntil(async () => isDone || (await isWaitingForLock()), { what: 'a lock', limitMs: 5_000 })
    })
    assert.equal(first.isNewlyFinished, true)
    assert.equal((await second)?.isNewlyFinished, false)
    assert.deepEqual(await stored(sagaId), {
      saga: 'timeout_cancelled',
      version: 3,
      order: 'cancelled',
      together: false,
    })
  })
})
