// needs: system
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import type {
  DeadLetterOutcome,
  DeadLetters,
  Overview,
  SagaDetail,
} from '../../../services/order/src/console/page/answers.ts'
import type { ServiceName } from '@order-saga/contracts'
import { type Answer, call } from '../../support/call.ts'
import { breakShelf } from '../../support/failing-statements.ts'
import { someCustomer } from '../../support/shop.ts'
import { useSystem } from '../../support/use-system.ts'

const token = 'a-token-nobody-guesses'

describe('The console', function () {
  this.timeout(120_000)
  const system = useSystem(() => ({ envOf: { order: { CONSOLE: 'full', ADMIN_TOKEN: token } } }))

  const url = (path: string): string => `http://127.0.0.1:${system().shop.port}/console${path}`
  const bearer = { authorization: `Bearer ${token}` }
  const read = async <T>(path: string): Promise<T> => {
    const { status, body } = await call(url(path), { headers: bearer })
    assert.equal(status, 200, JSON.stringify(body))
    return body as T
  }
  const post = (path: string, body: unknown, headers: Record<string, string> = bearer): Promise<Answer> =>
    call(url(path), { method: 'POST', body, headers })

  it('serves its page to everybody, with a policy that lets nothing run but its own files', async () => {
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
    assert.equal((await call(url('/page/app.ts'))).status, 404)
  })

  const guarded = ['/overview', '/events', '/sagas', `/sagas/${randomUUID()}`, '/dead-letters']
  for (const path of guarded) {
    it(`does not tell ${path.replace(/[0-9a-f-]{36}/, '{id}')} to who has no token, or another`, async () => {
      for (const headers of [{}, { authorization: 'Bearer another' }, { authorization: token }]) {
        const answer = await call(url(path), { headers: headers as Record<string, string> })
        assert.equal(answer.status, 401)
        assert.equal(answer.headers['www-authenticate'], 'Bearer realm="console"')
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
    const page = await read<{ sagas: unknown[] }>('/sagas?status=completed&limit=1')
    assert.equal(page.sagas.length, 1)
  })

  it('shows outboxes and queues', async () => {
    await system().until('all to be read', async () => {
      const { outboxes, queues } = await read<Overview>('/overview')
      const answering = outboxes.map(({ service, state }) => `${service} ${state}`).join()
      const working = (queues ?? []).filter(({ consumers }) => consumers === 1)
      return answering === 'order answered,payment answered,inventory answered' && working.length === 5
    })
  })

  const story = ({ steps }: SagaDetail): string[] =>
    steps.map((step) =>
      step.kind === 'note' ? step.text : `${step.from} > ${step.to}: ${step.event} ${step.detail}`.trim(),
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
    it(`tells the way of ${name} through all services`, async () => {
      const { sagaId } = await system().shop.post({ ...order, items: [{ sku, qty: 1 }] })
      await system().untilFinal(sagaId)
      await system().settle()
      const saga = await read<SagaDetail>(`/sagas/${sagaId}`)
      assert.deepEqual(story(saga), expected)
      const states = saga.steps.map((step) => (step.kind === 'message' ? step.state : 'note'))
      assert.deepEqual(new Set(states), new Set(['handled']), JSON.stringify(saga.steps))
      assert.equal(saga.atRest, true)
      assert.match(saga.explanation, /has come to its end/)
    })
  }

  it('goes on with what it knows when a service is away, and says so', async () => {
    const { sagaId } = await system().shop.post()
    await system().untilFinal(sagaId)
    await system().settle()
    await system().services.inventory.stop()
    const { participants } = await read<SagaDetail>(`/sagas/${sagaId}`)
    await system().start('inventory')
    assert.deepEqual(
      participants.map(({ service, state }) => `${service} ${state}`),
      ['order answered', 'payment answered', 'inventory no_answer', 'notification answered'],
    )
  })

  it('sends each change as it happens, and ends its streams when the process is told to stop', async () => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url('/events'), { headers: bearer, agent: false }, resolve).once('error', reject)
    })
    assert.equal(response.headers['content-type'], 'text/event-stream')
    let text = ''
    let ended = false
    response.on('data', (part: Buffer) => (text += part.toString())).on('end', () => (ended = true))
    const { sagaId } = await system().shop.post()
    await system().until('the new saga to be told', () => text.includes(sagaId))
    await system().untilFinal(sagaId)
    await system().services.order.stop()
    await system().until('the stream to end', () => ended)
    assert.match(text, /event: end\n/)
    await system().start('order')
  })

  const ids = (letters: DeadLetters['deadLetters']): { service: ServiceName; id: string }[] =>
    letters.map(({ service, id }) => ({ service, id }))
  const said = { operator: 'ann', reason: 'the shelf stands again' }

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
      const { steps } = await read<SagaDetail>(`/sagas/${sagaId}`)
      return steps.some((step) => step.kind === 'message' && step.state === 'dead_lettered')
    })
    await repair()
    const { status, body } = await post('/dead-letters/replay', { deadLetters: ids(found), ...said })
    assert.deepEqual([status, body], [200, { done: 1, failed: 0, missing: 0 } satisfies DeadLetterOutcome])
    assert.equal((await system().untilFinal(sagaId)).status, 'completed')
    const acts = await system().sql(
      'order',
      'SELECT act, operator, reason, done_at IS NOT NULL AS done FROM operator_acts',
    )
    assert.deepEqual(acts, [{ act: 'replay', ...said, done: true }])
    const again = await post('/dead-letters/replay', { deadLetters: ids(found), ...said })
    assert.deepEqual(again.body, { done: 0, failed: 0, missing: 1 })
  })

  it('discards what it is told to, keeps it in the record, and leaves the rest', async () => {
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
      `SELECT detail ->> 'body' AS body FROM operator_acts WHERE act = 'discard' AND done_at IS NOT NULL`,
    )
    assert.equal(act?.body, 'first {')
    await post('/dead-letters/discard', { deadLetters: ids(found).slice(1), ...said })
    assert.deepEqual((await read<DeadLetters>('/dead-letters')).deadLetters, [])
  })

  it('does not act without a name and a reason', async () => {
    const deadLetters = [{ service: 'payment', id: randomUUID() }]
    for (const [body, field] of [
      [{ deadLetters, operator: 'ann' }, 'reason'],
      [{ deadLetters, reason: 'x' }, 'operator'],
      [{ deadLetters: [], ...said }, 'deadLetters'],
      [{ deadLetters: [{ service: 'shipping', id: 'x' }], ...said }, 'deadLetters.0.service'],
    ] as const) {
      const answer = await post('/dead-letters/discard', body)
      assert.deepEqual([answer.status, (answer.body as { field?: string }).field], [400, field])
    }
  })

  it('does not act for who has no token, nor when it is read-only, when reading needs no token', async () => {
    const body = { deadLetters: [{ service: 'payment', id: randomUUID() }], ...said }
    assert.equal((await post('/dead-letters/discard', body, {})).status, 401)
    await system().restart('order', { CONSOLE: 'read-only', ADMIN_TOKEN: '' })
    assert.equal((await call(url('/overview'))).status, 200)
    assert.equal((await post('/dead-letters/discard', body, {})).status, 403)
  })

  it('is not there when it is off', async () => {
    await system().restart('order', { CONSOLE: 'off' })
    assert.equal((await call(url(''))).status, 404)
    assert.equal((await call(url('/overview'))).status, 404)
  })
})
