// needs: database
import assert from 'node:assert/strict'
import type { AccessRule } from '@order-saga/chassis'
import { LocalIssuer, waitUntil } from '@order-saga/dev'
import { accessTo, badCallers, bearer } from '@order-saga/tests/support/tokens'
import { sagaStatuses } from '../../src/domain/saga.ts'
import { orderAccess } from '../../src/http/access-rules.ts'
import { type Answer, OrderApi, orderDatabase, someOrder } from './order-api.ts'

const scopes = ['orders:create', 'orders:read', 'stock:write', 'operate'] as const

describe('access to the order API', () => {
  let api: OrderApi
  let issuer: LocalIssuer
  before(async () => {
    await orderDatabase('order_access')
    issuer = await LocalIssuer.start()
    api = await OrderApi.start({ database: 'order_access', access: accessTo(issuer) })
  })
  after(async () => {
    await api.close()
    await issuer.close()
  })

  type Sender = (headers: Record<string, string>) => Promise<Answer>
  const customerToken = (customer: string, scope = 'orders:create orders:read', subject = customer) =>
    issuer.token({ customer, scope, subject })
  const idsOf = async (customer: string): Promise<{ orderId: string; sagaId: string }> => {
    const { json } = await api.post(someOrder(), bearer(await customerToken(customer)))
    return { orderId: String(json['orderId']), sagaId: String(json['sagaId']) }
  }
  /** A request to each route, with an order of the customer. */
  const routes = ({ orderId, sagaId }: { orderId: string; sagaId: string }): Record<string, Sender> => ({
    'POST /orders': (headers) => api.post(someOrder(), headers),
    'GET /orders': (headers) => api.send('GET', '/orders', headers),
    'GET /orders/:orderId': (headers) => api.send('GET', `/orders/${orderId}`, headers),
    'GET /sagas': (headers) => api.send('GET', '/sagas', headers),
    'GET /sagas/:sagaId': (headers) => api.send('GET', `/sagas/${sagaId}`, headers),
    'GET /sagas/:sagaId/explain': (headers) => api.send('GET', `/sagas/${sagaId}/explain`, headers),
  })

  it('has a rule for every route, and the matrix has every rule', () => {
    assert.deepEqual(api.routes.toSorted(), Object.keys(orderAccess).toSorted())
    const sent = Object.keys(routes({ orderId: '', sagaId: '' }))
    assert.deepEqual([...sent, 'GET /openapi.json'].toSorted(), Object.keys(orderAccess).toSorted())
  })

  it('offers its document to every caller, which then requires a token for each operation', async () => {
    for (const [what, headers] of await badCallers(issuer)) {
      const { status, json } = await api.send('GET', '/openapi.json', headers)
      assert.equal(status, 200, what)
      const { post, get } = (json['paths'] as Record<string, Record<string, { security: unknown }>>)['/orders']!
      assert.deepEqual(
        [post, get].map((operation) => operation?.security),
        [[{ accessToken: ['orders:create'] }], [{ accessToken: ['orders:read'] }]],
      )
    }
  })

  it('refuses every caller without a valid token on every route, with a challenge, before it reads the body', async () => {
    const own = await idsOf('ann')
    const before = await api.counts()
    for (const [what, headers] of await badCallers(issuer)) {
      for (const [route, send] of Object.entries(routes(own))) {
        const answer = await send(headers)
        assert.equal(answer.status, 401, `${what}: ${route}: ${answer.text}`)
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer realm="order-saga"/)
        assert.equal(answer.headers.get('content-type'), 'application/problem+json')
        assert.equal(answer.json['status'], 401)
      }
    }
    const malformed = await api.post('{', { authorization: 'Bearer x' })
    assert.equal(malformed.status, 401)
    assert.deepEqual(await api.counts(), before)
  })

  it('accepts exactly the scope of each route', async () => {
    const own = await idsOf('ann')
    for (const [route, send] of Object.entries(routes(own))) {
      const { scopes: accepted } = orderAccess[route] as AccessRule
      for (const scope of [...scopes, '']) {
        for (const customer of [undefined, 'ann']) {
          const answer = await send(bearer(await issuer.token({ scope, customer })))
          const expected = accepted.includes(scope) ? [200, 202] : [403]
          assert.ok(expected.includes(answer.status), `${route} with "${scope}": ${answer.status} ${answer.text}`)
          if (answer.status !== 403) continue
          const challenge = answer.headers.get('www-authenticate') ?? ''
          assert.match(challenge, /error="insufficient_scope"/)
          assert.match(challenge, new RegExp(`scope="${accepted[0]}"`))
        }
      }
    }
  })

  it('shows a customer only its own orders and sagas, and the same 404 for others as for unknown ones', async () => {
    const [own, other] = [await idsOf('bob'), await idsOf('carol')]
    const headers = bearer(await customerToken('bob'))
    const unknown = 'a0000000-0000-7000-8000-000000000000'
    for (const [route, send] of Object.entries(routes(other))) {
      if (!route.includes(':')) continue
      const answer = await send(headers)
      assert.equal(answer.status, 404, route)
      const ofUnknown = await routes({ orderId: unknown, sagaId: unknown })[route]!(headers)
      const withoutId = (text: string): string => text.replaceAll(/[\da-f-]{36}/g, '')
      assert.equal(withoutId(answer.text), withoutId(ofUnknown.text))
    }
    const list = async (path: string, token = headers): Promise<{ orderId: string }[]> => {
      const { json } = await api.send('GET', path, token)
      return (json['orders'] ?? json['sagas']) as { orderId: string }[]
    }
    const orderIds = async (path: string): Promise<string[]> => (await list(path)).map(({ orderId }) => orderId)
    for (const path of [
      '/orders',
      '/orders?customerId=bob',
      '/sagas',
      '/sagas?status=pending',
      '/sagas?olderThanMs=0',
    ]) {
      assert.deepEqual(await orderIds(path), [own.orderId], path)
    }
    for (const path of ['/orders?customerId=carol', '/orders?status=confirmed', '/sagas?status=completed']) {
      assert.deepEqual(await orderIds(path), [], path)
    }
    const service = bearer(await issuer.token({ scope: 'orders:read' }))
    const all = (await list('/orders', service)).map(({ orderId }) => orderId)
    for (const { orderId } of [own, other]) assert.ok(all.includes(orderId))
  })

  it('explains a saga to its customer without the queues that operators see', async () => {
    const { sagaId } = await idsOf('eve')
    const park = `UPDATE events SET parked_at = now(), park_reason = 'unroutable' WHERE saga_id = $1`
    await api.database.query({ name: 'test-park', text: park }, [sagaId])
    const explained = async (headers: Record<string, string>): Promise<string> =>
      (await api.send('GET', `/sagas/${sagaId}/explain`, headers)).text
    assert.match(await explained(bearer(await issuer.token({ scope: 'orders:read' }))), /payment_queue/)
    assert.doesNotMatch(await explained(bearer(await customerToken('eve'))), /queue|parked/)
  })

  it("lists a customer's sagas page by page, newest first", async () => {
    const orders = [await idsOf('dora'), await idsOf('dora'), await idsOf('dora')]
    const headers = bearer(await customerToken('dora'))
    const first = await api.send('GET', '/sagas?limit=2', headers)
    const second = await api.send('GET', `/sagas?limit=2&cursor=${String(first.json['nextCursor'])}`, headers)
    const listed = [first, second].flatMap(({ json }) => json['sagas'] as { sagaId: string }[])
    assert.deepEqual(
      listed.map(({ sagaId }) => sagaId),
      orders.toReversed().map(({ sagaId }) => sagaId),
    )
    assert.equal(second.json['nextCursor'], null)
  })

  it("lists a customer's sagas of each status", async () => {
    const headers = bearer(await customerToken('finn'))
    const { sagaId } = await idsOf('finn')
    for (const [status, reason, order] of [
      ['pending', null, 'pending'],
      ['payment_completed', null, 'pending'],
      ['refunding', null, 'pending'],
      ['completed', null, 'confirmed'],
      ['cancelled', 'payment_failed', 'cancelled'],
      ['timeout_cancelled', 'timeout', 'cancelled'],
    ]) {
      await api.database.query(
        {
          name: 'test-set-status',
          text: `WITH saga AS (UPDATE saga_instances SET status = $2, reason = $3,
              finished_at = CASE WHEN $4::text = 'pending' THEN NULL ELSE now() END WHERE saga_id = $1)
            UPDATE orders SET status = $4 WHERE saga_id = $1`,
        },
        [sagaId, status, reason, order],
      )
      for (const listed of sagaStatuses) {
        const { json } = await api.send('GET', `/sagas?status=${listed}`, headers)
        const found = (json['sagas'] as { sagaId: string }[]).map((saga) => saga.sagaId)
        assert.deepEqual(found, listed === status ? [sagaId] : [], `${status} in the list of ${listed}`)
      }
    }
  })

  it('takes the customer of an order from the token', async () => {
    const headers = bearer(await customerToken('eve'))
    const { json } = await api.post(someOrder({ customerId: 'someone-else' }), headers)
    const order = await api.send('GET', `/orders/${String(json['orderId'])}`, headers)
    assert.equal(order.json['customerId'], 'eve')
    const service = bearer(await issuer.token({ scope: 'orders:create orders:read' }))
    const ofService = await api.post(someOrder({ customerId: 'frank' }), service)
    const found = await api.send('GET', `/orders/${String(ofService.json['orderId'])}`, service)
    assert.equal(found.json['customerId'], 'frank')
  })

  it('refuses a token whose customer is not a text, instead of taking it for that of a service', async () => {
    for (const customer of ['', 7, null, ['ann'], { id: 'ann' }]) {
      const token = await issuer.token({ scope: 'orders:read', customer: customer as string })
      assert.equal((await api.send('GET', '/orders', bearer(token))).status, 401, JSON.stringify(customer))
    }
  })

  it('separates the idempotency keys of callers, and stores them as digests', async () => {
    const order = someOrder({ customerId: undefined })
    const headers = { 'idempotency-key': 'my-key' }
    const first = await api.post(order, { ...headers, ...bearer(await customerToken('gus')) })
    const again = await api.post(order, { ...headers, ...bearer(await customerToken('gus')) })
    const other = await api.post({ ...order, amount: 1 }, { ...headers, ...bearer(await customerToken('hal')) })
    assert.deepEqual([first.status, again.status, other.status], [202, 202, 202])
    assert.equal(again.json['orderId'], first.json['orderId'])
    assert.notEqual(other.json['orderId'], first.json['orderId'])
    const keys = await api.database.query<{ key: string }>({
      name: 'test-keys',
      text: 'SELECT key FROM idempotency_keys',
    })
    for (const { key } of keys) assert.match(key, /^[\da-f]{64}$/)
  })

  it('logs and counts a denial, without the token', async () => {
    api.log.length = 0
    const token = await issuer.token({ scope: 'orders:create', subject: 'someone' })
    // The lines per second are limited, and the tests above have used them up.
    const find = async (): Promise<Record<string, unknown> | undefined> => {
      await api.send('GET', '/orders', bearer(token))
      const lines = api.log.map((line) => JSON.parse(line) as Record<string, unknown>)
      return lines.find(({ msg }) => msg === 'access denied')
    }
    const denied = await waitUntil(find, { what: 'a line about the denial', limitMs: 5_000, intervalMs: 100 })
    const { reason, status, route, subject } = denied
    assert.deepEqual([reason, status, route, subject], ['scope', 403, '/orders', 'someone'])
    assert.ok(!api.log.join('').includes(token))
    assert.match(await api.metrics.registry.metrics(), /http_access_denied_total\{reason="scope"\} [1-9]/)
  })

  it('limits each caller, and no other, with 429 and Retry-After', async () => {
    const access = { ...accessTo(issuer), RATE_LIMIT_PER_CALLER: '3' }
    const limited = await OrderApi.start({ database: 'order_access', access })
    try {
      const [busy, other] = [bearer(await customerToken('ida')), bearer(await customerToken('jim'))]
      const answers = await Promise.all(Array.from({ length: 12 }, () => limited.send('GET', '/orders', busy)))
      const refused = answers.filter(({ status }) => status === 429)
      // The requests may fall into two seconds.
      assert.ok(refused.length >= 6, answers.map(({ status }) => status).join())
      assert.match(refused[0]?.headers.get('retry-after') ?? '', /^[1-9]$/)
      assert.equal(refused[0]?.headers.get('content-type'), 'application/problem+json')
      assert.equal((await limited.send('GET', '/orders', other)).status, 200)
      await waitUntil(async () => (await limited.send('GET', '/orders', busy)).status === 200, {
        what: 'the next second',
        limitMs: 5_000,
        intervalMs: 200,
      })
    } finally {
      await limited.close()
    }
  })

  it('answers 503 with Retry-After while no key can be fetched', async () => {
    const short = await LocalIssuer.start()
    const other = await OrderApi.start({ database: 'order_access', access: accessTo(short) })
    try {
      const token = await short.token({ scope: 'orders:read' })
      await short.close()
      const unavailable = await other.send('GET', '/orders', bearer(token))
      assert.equal(unavailable.status, 503)
      assert.match(unavailable.headers.get('retry-after') ?? '', /^\d+$/)
      assert.equal(unavailable.headers.get('www-authenticate'), null)
      assert.equal((await other.send('GET', '/orders', {})).status, 401)
    } finally {
      await other.close()
    }
  })
})
