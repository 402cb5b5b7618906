// needs: system
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type {
  DeadLetterOutcome,
  DeadLetters,
  Overview,
  SagaDetail,
  SagaPage,
} from '../../../services/operations/src/console/page/answers.ts'
import type { ServiceName } from '@order-saga/contracts'
import { type Answer, call } from '../../support/call.ts'
import type { ExplainAnswer } from '../../../services/order/src/http/explain-answer.ts'
import { saga } from '../../support/saga.ts'
import { breakShelf } from '../../support/failing-statements.ts'
import { someCustomer } from '../../support/shop.ts'
import { operatorEntry } from '../../support/operators.ts'
import { useSystem } from '../../support/use-system.ts'

const token = 'a-token-nobody-guesses'

describe('The console', function () {
  this.timeout(120_000)
  const system = useSystem(() => ({ console: { CONSOLE: 'full', OPERATOR_TOKENS: operatorEntry('ann', token) } }))

  const url = (path: string): string => `http://127.0.0.1:${system().console.port}/console${path}`
  const bearer = { authorization: `Bearer ${token}` }
  const read = async <T>(path: string): Promise<T> => {
    const { status, body } = await call(url(path), { headers: bearer })
    assert.equal(status, 200, JSON.stringify(body))
    return body as T
  }
  const post = (path: string, body: unknown, headers: Record<string, string> = bearer): Promise<Answer> =>
    call(url(path), { method: 'POST', body, headers })

  it('serves its page without a token, with a policy that allows its own scripts only', async () => {
    const { status, headers, body } = await call(url(''))
    assert.equal(status, 200)
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/)
    assert.doesNotMatch(policy, /unsafe|http|\*/)
    assert.doesNotMatch(String(body), /<script>|<style|\son\w+=|style=|https?:/)
    for (const [, file] of String(body).matchAll(/(?:src|href)="console(\/[^"]+)"/g)) {
      const asset = await call(url(file ?? ''))
      assert.equal(asset.status, 200, file)
      assert.equal(asset.headers['x-content-type-options'], 'nosniff')
    }
    assert.equal((await call(url('/'))).headers['location'], '../console')
    assert.equal((await call(url('').replace('/console', '/'))).headers['location'], 'console')
    for (const path of ['/page/app.ts', '/app.ts', '/tsconfig.json']) assert.equal((await call(url(path))).status, 404)
  })

  const guarded = ['/overview', '/sagas', `/sagas/${randomUUID()}`, '/dead-letters']
  for (const path of guarded) {
    it(`refuses ${path.replace(/[0-9a-f-]{36}/, '{id}')} without the token, and with another`, async () => {
      for (const headers of [{}, { authorization: 'Bearer another' }, { authorization: token }]) {
        const answer = await call(url(path), { headers: headers as Record<string, string> })
        assert.equal(answer.status, 401)
        assert.match(String(answer.headers['www-authenticate']), /^Bearer realm="order-saga"/)
      }
    })
  }

  it('lists sagas by status, searches by saga and by order, and answers 404 for others', async () => {
    const { sagaId, orderId } = await system().shop.post({ customerId: 'ann', amount: 7.25 })
    await system().untilFinal(sagaId)
    const { counts, sagas, mode } = await read<Overview>('/overview')
    assert.equal(mode, 'full')
    assert(counts.completed.count >= 1)
    const line = sagas.find((each) => each.sagaId === sagaId)
    assert.deepEqual([line?.customerId, line?.amount, line?.status], ['ann', '7.25', 'completed'])
    const byOrder = await read<SagaDetail>(`/sagas/${orderId}`)
    assert.deepEqual(byOrder.sagaId, sagaId)
    assert.equal((await call(url(`/sagas/${randomUUID()}`), { headers: bearer })).status, 404)
    assert.equal((await call(url('/sagas/nonsense'), { headers: bearer })).status, 404)
    await system().shop.post()
    const first = await read<SagaPage>('/sagas?limit=1')
    const second = await read<SagaPage>(`/sagas?limit=1&after=${first.next}`)
    assert.deepEqual([first.sagas.length, second.sagas[0]?.sagaId, second.next], [1, sagaId, null])
    assert.equal((await read<SagaPage>('/sagas?status=completed&limit=1')).sagas.length, 1)
  })

  it('shows outboxes and queues', async () => {
    await system().until('all to be read', async () => {
      const { outboxes, queues } = await read<Overview>('/overview')
      const working = (queues ?? []).filter(({ consumers }) => consumers === 1)
      return outboxes.every(({ state }) => state?.parked === 0) && outboxes.length === 3 && working.length === 5
    })
  })

  const lines = ({ timeline }: SagaDetail): string[] =>
    timeline.map((step) =>
      step.kind === 'note' ? step.description : `${step.from} > ${step.to}: ${step.event} ${step.detail}`.trim(),
    )
  const flows: [name: string, order: { customerEmail?: string; sku?: string }, expected: string[]][] = [
    [
      'a confirmed order',
      {},
      [
        'customer > order: POST /orders 12.50 USD',
        'order > payment: order.created 12.50 USD',
        'payment > order: payment.completed 12.50 USD',
        'payment > inventory: payment.completed 12.50 USD',
        'inventory > order: inventory.reserved 1 x SKU-1',
        'order > notification: order.confirmed',
        'order > inventory: order.confirmed',
      ],
    ],
    [
      'a declined payment',
      { customerEmail: someCustomer('decline') },
      [
        'customer > order: POST /orders 12.50 USD',
        'order > payment: order.created 12.50 USD',
        'payment > order: payment.failed declined',
        'order > payment: order.cancelled payment_failed',
        'order > inventory: order.cancelled payment_failed',
        'order > notification: order.cancelled payment_failed',
      ],
    ],
    [
      'a compensation',
      { sku: 'SIM-NONE' },
      [
        'customer > order: POST /orders 12.50 USD',
        'order > payment: order.created 12.50 USD',
        'payment > order: payment.completed 12.50 USD',
        'payment > inventory: payment.completed 12.50 USD',
        'inventory > order: inventory.failed out_of_stock',
        'order > payment: payment.refund.requested',
        'payment > order: payment.refunded 12.50 USD',
        'payment > notification: payment.refunded 12.50 USD',
        'order > payment: order.cancelled compensation',
        'order > inventory: order.cancelled compensation',
        'order > notification: order.cancelled compensation',
      ],
    ],
  ]
  for (const [name, { sku = 'SKU-1', ...order }, expected] of flows) {
    it(`shows the timeline of ${name} through all services`, async () => {
      const { sagaId } = await system().shop.post({ ...order, items: [{ sku, qty: 1 }] })
      await system().untilFinal(sagaId)
      await system().settle()
      const detail = await read<SagaDetail>(`/sagas/${sagaId}`)
      assert.deepEqual(lines(detail), expected)
      for (const step of detail.timeline) {
        if (step.kind === 'note') continue
        assert.equal(step.state, step.to === 'notification' ? 'published' : 'processed', JSON.stringify(step))
      }
      assert.equal(detail.atRest, true)
      assert.match(detail.explanation, /The saga is complete/)
    })
  }

  it('explains a saga with the same text as the order API and the saga command', async () => {
    await system().services.inventory.stop()
    const { sagaId } = await system().shop.post()
    await system().untilStatus(sagaId, 'payment_completed')
    // The relay marks an event up to 200 ms after its publication.
    const unmarked = 'SELECT FROM events WHERE saga_id = $1 AND published_at IS NULL'
    await system().until('the mark', async () => (await system().sql('payment', unmarked, [sagaId])).length === 0)
    const [shown] = (await saga(system(), 'show', sagaId)).items
    const { explanation, waitsFor, atRest } = await read<SagaDetail>(`/sagas/${sagaId}`)
    const { body } = await call(`http://127.0.0.1:${system().shop.port}/sagas/${sagaId}/explain`)
    await system().start('inventory')
    const answer = body as ExplainAnswer
    // All but the times; the order service does not know the events that are in flight elsewhere.
    const timeless = (text: unknown): string => String(text).replaceAll(/\d+(\.\d+)? (ms|s|min)/g, 'T')
    const needed = ' Needed next: inventory to process payment.completed.'
    assert.equal(timeless(explanation).replace(needed, ''), timeless(answer.text))
    assert.equal(timeless(explanation), timeless(shown?.['explanation']))
    assert(explanation.includes(needed), explanation)
    assert.deepEqual(
      [waitsFor?.events, waitsFor?.since, atRest],
      [answer.waitsFor?.events, answer.waitsFor?.since, false],
    )
    assert.equal((await system().untilFinal(sagaId)).status, 'completed')
  })

  it('starts, and shows the readable part, while a database and the broker are unavailable', async () => {
    const { sagaId } = await system().shop.post()
    await system().untilFinal(sagaId)
    await system().settle()
    await system().console.stop()
    const { server, names } = system().databases
    const nowhere = { INVENTORY_DB_URL: server.url('no_such_database'), RABBITMQ_URL: 'amqp://127.0.0.1:1' }
    await system().startConsole(nowhere)
    const { records, timeline } = await read<SagaDetail>(`/sagas/${sagaId}`)
    const { outboxes, queues } = await read<Overview>('/overview')
    const letters = await call(url('/dead-letters'), { headers: bearer })
    await system().console.stop()
    const { url: rabbitMqUrl } = system().broker.server
    await system().startConsole({ INVENTORY_DB_URL: server.url(names.inventory), RABBITMQ_URL: rabbitMqUrl })
    assert.deepEqual([queues, letters.status], [null, 503])
    assert.deepEqual(records, { order: 'completed', payment: records.payment, inventory: null, notification: '' })
    assert.match(String(records.payment), /^charged 12\.50/)
    assert.deepEqual(
      outboxes.map(({ state }) => state === null),
      [false, false, true],
    )
    const states = timeline.map((step) => (step.kind === 'message' ? `${step.event} > ${step.to}: ${step.state}` : ''))
    assert(states.includes('payment.completed > inventory: unknown'), states.join())
    assert(states.includes('inventory.reserved > order: processed'), states.join())
  })

  it('continues while the order service is stopped', async () => {
    await system().services.order.stop()
    const { counts } = await read<Overview>('/overview')
    assert(counts.completed.count > 0)
    await system().start('order')
  })

  const ids = (letters: DeadLetters['deadLetters']): { service: ServiceName; id: string }[] =>
    letters.map(({ service, id }) => ({ service, id }))
  const said = { reason: 'the shelf stands again' }

  it('shows a dead letter, also on its saga, and replays it by the record', async () => {
    const repair = await breakShelf(system())
    const { sagaId } = await system().shop.post()
    const found = await system().until('the dead letter', async () => {
      const { deadLetters } = await read<DeadLetters>('/dead-letters')
      return deadLetters.length > 0 && deadLetters
    })
    const [letter] = found
    assert.deepEqual([letter?.event, letter?.service, letter?.sagaId], ['payment.completed', 'inventory', sagaId])
    assert.match(letter?.reason ?? '', /the shelf has collapsed/)
    await system().until('it to be shown on the saga', async () => {
      const { timeline, explanation } = await read<SagaDetail>(`/sagas/${sagaId}`)
      const dead = timeline.some((step) => step.kind === 'message' && step.state === 'dead_lettered')
      return dead && /Needed next: an operator: payment.completed is a dead letter in/.test(explanation)
    })
    await repair()
    const { status, body } = await post('/dead-letters/replay', { deadLetters: ids(found), ...said })
    assert.deepEqual([status, body], [200, { done: 1, failed: 0, missing: 0 } satisfies DeadLetterOutcome])
    assert.equal((await system().untilFinal(sagaId)).status, 'completed')
    const acts = await system().sql(
      'order',
      'SELECT act, operator, reason, done_at IS NOT NULL AS done FROM operator_acts ORDER BY seq',
    )
    assert.deepEqual(
      acts,
      [false, true].map((done) => ({ act: 'replay', operator: 'ann', ...said, done })),
    )
    const again = await post('/dead-letters/replay', { deadLetters: ids(found), ...said })
    assert.deepEqual(again.body, { done: 0, failed: 0, missing: 1 })
  })

  it('discards the selected messages, records them, and leaves the others', async () => {
    const queue = system().broker.queueOf('payment')
    const options = { type: 'order.exploded' }
    for (const content of ['first {', 'second {']) await system().broker.send(queue, { content, options })
    const found = await system().until('two dead letters', async () => {
      const { deadLetters } = await read<DeadLetters>('/dead-letters')
      return deadLetters.length === 2 && deadLetters
    })
    const { body } = await post('/dead-letters/discard', { deadLetters: ids(found).slice(0, 1), ...said })
    assert.deepEqual(body, { done: 1, failed: 0, missing: 0 })
    assert.deepEqual(ids((await read<DeadLetters>('/dead-letters')).deadLetters), ids(found).slice(1))
    const [act] = await system().sql<{ body: string }>(
      'order',
      `SELECT body #>> '{}' AS body FROM operator_acts JOIN operator_act_bodies USING (act_id) WHERE act = 'discard'`,
    )
    assert.equal(act?.body, 'first {')
    await post('/dead-letters/discard', { deadLetters: ids(found).slice(1), ...said })
    assert.deepEqual((await read<DeadLetters>('/dead-letters')).deadLetters, [])
  })

  it('does not act without a reason, nor under another name', async () => {
    const deadLetters = [{ service: 'payment', id: randomUUID() }]
    for (const [body, field] of [
      [{ deadLetters }, 'reason'],
      [{ deadLetters, ...said, operator: 'bob' }, 'operator'],
      [{ deadLetters: [], ...said }, 'deadLetters'],
      [{ deadLetters: [{ service: 'shipping', id: 'x' }], ...said }, 'deadLetters.0.service'],
    ] as const) {
      const answer = await post('/dead-letters/discard', body)
      assert.deepEqual([answer.status, (answer.body as { field?: string }).field], [400, field])
    }
  })

  it('refuses actions without a token, and when it is read-only', async () => {
    const body = { deadLetters: [{ service: 'payment', id: randomUUID() }], ...said }
    assert.equal((await post('/dead-letters/discard', body, {})).status, 401)
    await system().console.stop()
    await system().startConsole({ CONSOLE: 'read-only' })
    await read<Overview>('/overview')
    assert.equal((await post('/dead-letters/discard', body)).status, 403)
  })

  it('lists the sagas with violations, and counts them', async () => {
    const violated = await system().shop.post()
    await system().untilFinal(violated.sagaId)
    await system().shop.post()
    assert.deepEqual((await read<SagaPage>('/sagas?violations=true')).sagas, [])
    await system().sql(
      'order',
      'INSERT INTO saga_violations (saga_id, violations, first_at, last_at) VALUES ($1, 3, now(), now())',
      [violated.sagaId],
    )
    const { sagas } = await read<SagaPage>('/sagas?violations=true')
    assert.deepEqual(
      sagas.map(({ sagaId, violations }) => [sagaId, violations]),
      [[violated.sagaId, 3]],
    )
    assert.deepEqual((await read<SagaPage>('/sagas?violations=true&status=cancelled')).sagas, [])
    await system().until(
      'the overview to count it',
      async () => (await read<Overview>('/overview')).violated.count === 1,
    )
    assert.equal((await call(url('/sagas?violations=no'), { headers: bearer })).status, 400)
    assert.equal((await read<SagaDetail>(`/sagas/${violated.sagaId}`)).violations, 3)
  })
})
