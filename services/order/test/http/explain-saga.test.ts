// needs: database
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { checkerOf } from '@order-saga/contracts'
import { ExplainAnswer } from '../../src/http/explain-answer.ts'
import { OrderApi, orderDatabase, someOrder } from './order-api.ts'

const check = checkerOf(ExplainAnswer)

describe('GET /sagas/{sagaId}/explain', () => {
  let api: OrderApi
  before(async () => {
    await orderDatabase('explain_saga')
    api = await OrderApi.start({ database: 'explain_saga' })
  })
  after(() => api.close())

  async function explanationOf(sagaId: string): Promise<ExplainAnswer> {
    const answer = await api.get(`/sagas/${sagaId}/explain`)
    assert.equal(answer.status, 200, answer.text)
    const checked = check(answer.json)
    assert.ok(checked.ok, JSON.stringify(checked))
    return checked.value
  }

  it('reports for a new saga the awaited event, the deadline and the compensations', async () => {
    const { json: posted } = await api.post(someOrder())
    const { waitsFor, deadline, undo, next, text, ...rest } = await explanationOf(String(posted['sagaId']))
    assert.deepEqual(
      [rest.sagaId, rest.orderId, rest.status, rest.atRest, rest.refund],
      [posted['sagaId'], posted['orderId'], 'pending', false, null],
    )
    assert.equal(waitsFor?.service, 'payment')
    assert.equal(waitsFor?.usually, null)
    assert.deepEqual([deadline.passed, deadline.leadsTo?.becomes.status], [false, 'timeout_cancelled'])
    assert.deepEqual(undo[0], { what: 'refund', state: 'possible', amount: '125.50', currency: 'USD' })
    assert(next.length > 3)
    assert.match(text, /waits for payment\.completed or payment\.failed from payment.*not known yet/)
  })

  it('names as blockers an event of its own outbox that no queue accepts, and a deadline that has passed', async () => {
    const { json: posted } = await api.post(someOrder())
    const sagaId = String(posted['sagaId'])
    const mark = (set: string): Promise<object[]> =>
      api.database.query({ name: `test-mark-${set.slice(0, 9)}`, text: `UPDATE ${set} WHERE saga_id = $1` }, [sagaId])
    await mark(`saga_instances SET timeout_at = now() - interval '1 min'`)
    await mark(`events SET parked_at = now(), park_reason = 'unroutable'`)
    const { blockers } = await explanationOf(sagaId)
    assert.deepEqual(
      blockers.map(({ kind, cause }) => `${kind}: ${cause.replace(/\d.* ago/, 'long ago')}`),
      [
        'parked: order.created is parked in the outbox of order: unroutable: no queue is bound to routing key order.created; expected payment_queue',
        'deadline: the deadline passed long ago and the order is not cancelled',
      ],
    )
  })

  it('reports the usual duration of a step, from completed sagas', async () => {
    const late = await OrderApi.start({ database: 'explain_saga' })
    try {
      for (let i = 1; i <= 6; i += 1) {
        const { json } = await api.post(someOrder())
        await api.database.query(
          {
            name: 'test-end-after',
            text: `UPDATE saga_instances SET status = 'cancelled', reason = 'payment_failed', finished_at = now(),
              history = jsonb_build_array(
                jsonb_build_object('at', '2026-01-02T03:04:05.000Z', 'event', 'order.created', 'direction', 'published'),
                jsonb_build_object('at', '2026-01-02T03:04:05.' || $2::text || '00Z', 'event', 'payment.failed', 'direction', 'seen'))
              WHERE saga_id = $1`,
          },
          [json['sagaId'], String(i)],
        )
      }
      const { json: posted } = await api.post(someOrder())
      const answer = await late.get(`/sagas/${String(posted['sagaId'])}/explain`)
      const { usually } = answer.json['waitsFor'] as NonNullable<ExplainAnswer['waitsFor']>
      assert.deepEqual(usually, { p50Ms: 300, p95Ms: 600, sagas: 6 })
    } finally {
      await late.close()
    }
  })

  it('waits for a refund since its first request', async () => {
    const { json: posted } = await api.post(someOrder())
    const entry = (at: string) => ({
      at,
      event: 'payment.refund.requested',
      eventId: randomUUID(),
      direction: 'published',
      status: 'refunding',
    })
    await api.database.query(
      {
        name: 'test-refunding',
        text: `UPDATE saga_instances SET status = 'refunding', compensation = 'refund_requested', refund_requests = 2,
          refund_due_at = '2026-01-02T03:06:00Z', history = history || $2::jsonb WHERE saga_id = $1`,
      },
      [posted['sagaId'], JSON.stringify([entry('2026-01-02T03:04:05.000Z'), entry('2026-01-02T03:04:35.000Z')])],
    )
    const { waitsFor, refund } = await explanationOf(String(posted['sagaId']))
    assert.deepEqual([waitsFor?.step, waitsFor?.since], ['refund', '2026-01-02T03:04:05.000Z'])
    assert.deepEqual(refund, {
      requests: 2,
      requestedAgainAt: '2026-01-02T03:06:00.000Z',
      askedAgainAt: '2026-01-02T03:06:00.000Z',
    })
  })

  it('answers 404 for an unknown saga and for an invalid id', async () => {
    assert.equal((await api.get(`/sagas/${randomUUID()}/explain`)).status, 404)
    assert.equal((await api.get('/sagas/SKU-1/explain')).status, 404)
  })
})
