// needs: database
import assert from 'node:assert/strict'
import { checkerOf } from '@order-saga/contracts'
import { SagaAnswer, SagasAnswer } from '../../src/http/order-answer.ts'
import { type Answer, OrderApi, orderDatabase, sagaTimeoutMs, someOrder } from './order-api.ts'

const checkSaga = checkerOf(SagaAnswer)
const checkPage = checkerOf(SagasAnswer)

function idsOf(answer: Answer): { ids: string[]; nextCursor: string | null } {
  assert.equal(answer.status, 200, answer.text)
  const checked = checkPage(answer.json)
  assert.ok(checked.ok, JSON.stringify(checked))
  return { ids: checked.value.sagas.map(({ sagaId }) => sagaId), nextCursor: checked.value.nextCursor }
}

describe('GET /sagas', () => {
  let api: OrderApi
  const sagaIds: string[] = []
  before(async () => {
    await orderDatabase('read_sagas')
    api = await OrderApi.start({ database: 'read_sagas' })
    for (let i = 0; i < 6; i += 1) sagaIds.push(String((await api.post(someOrder())).json['sagaId']))
  })
  after(async () => await api.close())

  it('shows a new saga with its deadline and its first event', async () => {
    const { json: posted } = await api.post(someOrder())
    const answer = await api.get(`/sagas/${String(posted['sagaId'])}`)
    assert.equal(answer.status, 200)
    const checked = checkSaga(answer.json)
    assert.ok(checked.ok, JSON.stringify(checked))
    const { history, createdAt, deadline, ...saga } = checked.value
    assert.deepEqual(saga, {
      sagaId: posted['sagaId'],
      orderId: posted['orderId'],
      status: 'pending',
      reason: null,
      compensation: 'none',
      updatedAt: createdAt,
      finishedAt: null,
    })
    assert.equal(Date.parse(deadline) - Date.parse(createdAt), sagaTimeoutMs)
    assert.deepEqual(
      history.map(({ event, direction, status, at }) => ({ event, direction, status, at })),
      [{ event: 'order.created', direction: 'published', status: 'pending', at: createdAt }],
    )
    sagaIds.push(saga.sagaId)
  })

  it('shows the final status of a saga and its events', async () => {
    const { json: posted } = await api.post(someOrder())
    const seen = {
      at: '2026-01-02T03:04:05.678Z',
      event: 'payment.failed',
      eventId: '0198f000-0000-7000-8000-000000000000',
      direction: 'seen',
      status: 'cancelled',
    }
    await api.database.query(
      {
        name: 'test-end',
        text: `UPDATE saga_instances SET status = 'cancelled', reason = 'payment_failed', history = history || $2::jsonb,
          finished_at = '2026-01-02T03:04:05.678Z', updated_at = '2026-01-02T03:04:05.678Z' WHERE saga_id = $1`,
      },
      [posted['sagaId'], JSON.stringify([seen])],
    )
    const { json } = await api.get(`/sagas/${String(posted['sagaId'])}`)
    assert.ok(checkSaga(json).ok, JSON.stringify(checkSaga(json)))
    assert.deepEqual(
      [json['status'], json['reason'], json['finishedAt'], (json['history'] as unknown[])[1]],
      ['cancelled', 'payment_failed', '2026-01-02T03:04:05.678Z', seen],
    )
    sagaIds.push(String(posted['sagaId']))
  })

  it('lists them newest first, page by page', async () => {
    const first = idsOf(await api.get('/sagas?limit=5'))
    const second = idsOf(await api.get(`/sagas?limit=5&cursor=${first.nextCursor}`))
    assert.deepEqual([...first.ids, ...second.ids], sagaIds.toReversed())
    assert.equal(second.nextCursor, null)
  })

  it('lists by status and by age, which is that of the id', async () => {
    const young = sagaIds.toReversed()
    api.idOffsetMs = -3_600_000
    const old: string[] = []
    for (let i = 0; i < 3; i += 1) {
      old.unshift(String((await api.post(someOrder())).json['sagaId']))
      api.idOffsetMs += 1
    }
    api.idOffsetMs = 0
    const cancelled = idsOf(await api.get('/sagas?status=cancelled'))
    assert.deepEqual(cancelled.ids, sagaIds.slice(-1))
    assert.deepEqual(idsOf(await api.get('/sagas?olderThanMs=3540000')).ids, old)
    assert.deepEqual(idsOf(await api.get('/sagas?olderThanMs=3540000&status=cancelled')).ids, [])
    assert.deepEqual(idsOf(await api.get('/sagas?olderThanMs=0')).ids, [...young, ...old])
    assert.deepEqual(idsOf(await api.get('/sagas?olderThanMs=999999999999')).ids, [])
    const page = idsOf(await api.get('/sagas?olderThanMs=3540000&status=pending&limit=2'))
    assert.deepEqual(page.ids, old.slice(0, 2))
    const last = idsOf(await api.get(`/sagas?olderThanMs=3540000&status=pending&limit=2&cursor=${page.nextCursor}`))
    assert.deepEqual(last, { ids: old.slice(2), nextCursor: null })
  })

  const refused: [string, string][] = [
    ['status=confirmed', 'status'],
    ['olderThanMs=-1', 'olderThanMs'],
    ['olderThanMs=1h', 'olderThanMs'],
    ['olderThanMs=9999999999999', 'olderThanMs'],
    ['limit=1000', 'limit'],
    ['cursor=x', 'cursor'],
    ['customerId=ann', 'customerId'],
  ]
  for (const [query, field] of refused) {
    it(`refuses ?${query} and names ${field}`, async () => {
      const answer = await api.get(`/sagas?${query}`)
      assert.equal(answer.status, 400, answer.text)
      assert.equal(answer.json['field'], field)
    })
  }
})
