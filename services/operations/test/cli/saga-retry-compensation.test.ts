// needs: database, broker
import assert from 'node:assert/strict'
import { writeScenario } from '../scenarios.ts'
import { useOperatedSystem } from './operated-system.ts'

describe('saga retry-compensation', function () {
  this.timeout(60_000)
  const system = useOperatedSystem()

  const now = new Date('2030-01-01T00:00:00.000Z')
  const requests = (): Promise<{ event_id: string; published_at: Date | null; lease_until: Date }[]> =>
    system().data.sql(
      'order',
      `SELECT event_id, published_at, lease_until FROM events
       WHERE routing_key = 'payment.refund.requested' AND published_at IS NULL`,
    )

  it('requests the refund again with a new event, as the order service does, and records the operator', async () => {
    const { sagaId, orderId } = await writeScenario(system().data, 'refunding')
    const dry = await system().run(['retry-compensation', orderId, '--dry-run'])
    assert.deepEqual([dry.code, dry.out], [0, `would request the refund of saga ${sagaId}, request 1\n`])
    assert.deepEqual(await requests(), [])
    const [previewed] = (await system().json('retry-compensation', orderId, '--dry-run')).items
    assert.deepEqual([previewed?.['result'], previewed?.['outcome']], ['would_request', 'would_ask'])

    const { code, out } = await system().run(['retry-compensation', orderId, '--reason', 'the provider is back'], {
      now,
    })
    assert.equal(code, 0)
    assert.match(out, /^requested the refund of saga \S+, request 1; the next automatic request is in 30 s/)
    const [request, ...more] = await requests()
    assert.deepEqual(more, [])
    // Any relay may take it at once.
    assert.deepEqual(request?.lease_until, now)
    const [saga] = await system().data.sql<{ refund_requests: number; refund_due_at: Date; history: object[] }>(
      'order',
      'SELECT refund_requests, refund_due_at, history FROM saga_instances',
    )
    assert.deepEqual([saga?.refund_requests, saga?.refund_due_at], [1, new Date(now.getTime() + 30_000)])
    assert.deepEqual(saga?.history.at(-1), {
      at: now.toISOString(),
      event: 'payment.refund.requested',
      eventId: request?.event_id,
      direction: 'published',
      status: 'refunding',
    })
    const [act] = (await system().json('acts', '--about', sagaId)).items
    const { act: name, operator, reason, completedAt, detail } = act ?? {}
    assert.deepEqual([name, operator, reason], ['retry_compensation', 'ann', 'the provider is back'])
    assert.equal(completedAt, now.toISOString())
    assert.deepEqual(detail, { eventId: request?.event_id, requests: 1 })
  })

  it('waits as long before the next request as the order service would', async () => {
    const { sagaId } = await writeScenario(system().data, 'refunding')
    const why = ['--reason', 'again']
    await system().run(['retry-compensation', sagaId, ...why], { now, env: { REFUND_RETRY_MS: '1000' } })
    await system().run(['retry-compensation', sagaId, ...why], { now, env: { REFUND_RETRY_MS: '1000' } })
    const [saga] = await system().data.sql<{ refund_due_at: Date }>('order', 'SELECT refund_due_at FROM saga_instances')
    assert.deepEqual(saga?.refund_due_at, new Date(now.getTime() + 2_000))
  })

  it('refuses a saga that awaits no refund, and changes nothing', async () => {
    const { sagaId } = await writeScenario(system().data, 'confirmed')
    for (const how of [['--dry-run'], ['--reason', 'support case']]) {
      const { code, out } = await system().run(['retry-compensation', sagaId, ...how])
      assert.deepEqual([code, out], [1, `Saga ${sagaId} has no pending refund: it is completed.\n`])
    }
    assert.deepEqual(await requests(), [])
    assert.deepEqual((await system().json('acts')).items, [])
    const unsaid = await system().run(['retry-compensation', sagaId])
    assert.deepEqual([unsaid.code, unsaid.error.startsWith('--reason is missing')], [2, true])
  })
})
