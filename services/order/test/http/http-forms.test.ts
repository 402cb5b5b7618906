// needs: database
import assert from 'node:assert/strict'
import { v7 as uuidv7 } from 'uuid'
import { type Answer, OrderApi, orderDatabase, someOrder } from './order-api.ts'

function isProblem(answer: Answer, status: number): void {
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  assert.equal(answer.json['type'], 'about:blank')
  assert.equal(answer.json['status'], status)
  assert.ok(typeof answer.json['title'] === 'string' && typeof answer.json['detail'] === 'string', answer.text)
}

describe('the forms of HTTP', () => {
  let api: OrderApi
  let orderId: unknown
  before(async () => {
    await orderDatabase('http_forms')
    api = await OrderApi.start({ database: 'http_forms' })
    orderId = (await api.post(someOrder())).json['orderId']
  })
  after(async () => await api.close())

  const unknown: [string, string][] = [
    ['GET', '/'],
    ['GET', '/nothing'],
    ['POST', '/nothing'],
    ['GET', '/orders/1/2'],
    ['GET', `/orders/${uuidv7()}`],
    ['GET', `/sagas/${uuidv7()}`],
    ['GET', '/orders/nonsense'],
    ['GET', "/orders/1'%20OR%201=1"],
    ['GET', '/sagas/00000000-0000-0000-0000'],
    ['GET', '/sagas/%00'],
    ['GET', '/orders/%F0%9F%92%A5'],
  ]
  for (const [method, path] of unknown) {
    it(`answers 404 to ${method} ${path}`, async () => {
      const answer = await api.send(method, path)
      isProblem(answer, 404)
      assert.equal(answer.json['instance'], new URL(api.url(path)).pathname)
    })
  }

  it('answers 404 before it reads a body', async () => {
    isProblem(await api.send('POST', '/nothing', { 'content-type': 'application/json' }, '{'), 404)
  })

  it('answers 400 to a path or query that cannot be decoded', async () => {
    isProblem(await api.send('GET', '/orders/%zz'), 400)
    isProblem(await api.send('GET', '/orders?customerId=%ff'), 400)
  })

  const notOffered: [string, string, string][] = [
    ['DELETE', '/orders', 'GET, HEAD, OPTIONS, POST'],
    ['PUT', '/orders', 'GET, HEAD, OPTIONS, POST'],
    ['PATCH', `/orders/${uuidv7()}`, 'GET, HEAD, OPTIONS'],
    ['POST', `/orders/${uuidv7()}`, 'GET, HEAD, OPTIONS'],
    ['POST', '/sagas', 'GET, HEAD, OPTIONS'],
    ['DELETE', `/sagas/${uuidv7()}`, 'GET, HEAD, OPTIONS'],
    ['PROPFIND', '/orders', 'GET, HEAD, OPTIONS, POST'],
  ]
  for (const [method, path, allow] of notOffered) {
    it(`answers 405 with Allow to ${method} ${path.slice(0, 8)}`, async () => {
      const answer = await api.send(method, path)
      isProblem(answer, 405)
      assert.equal(answer.headers.get('allow'), allow)
    })
  }

  it('answers OPTIONS with the methods and no body', async () => {
    const answer = await api.send('OPTIONS', '/orders')
    assert.equal(answer.status, 204)
    assert.equal(answer.headers.get('allow'), 'GET, HEAD, OPTIONS, POST')
    assert.equal(answer.text, '')
    isProblem(await api.send('OPTIONS', '/nothing'), 404)
  })

  it('answers HEAD as GET, without the body', async () => {
    const get = await api.get(`/orders/${String(orderId)}`)
    const headOnly = await api.send('HEAD', `/orders/${String(orderId)}`)
    assert.equal(headOnly.status, 200)
    assert.equal(headOnly.text, '')
    assert.equal(headOnly.headers.get('content-length'), get.headers.get('content-length'))
    assert.equal((await api.send('HEAD', `/orders/${uuidv7()}`)).status, 404)
  })

  it('measures its answers by route and status, never by id', async () => {
    await api.get(`/orders/${String(orderId)}`)
    await api.get(`/sagas/${uuidv7()}`)
    await api.get('/nothing/else')
    await api.post('{')
    const text = await api.metrics.registry.getSingleMetricAsString('http_request_duration_seconds')
    for (const labels of [
      'method="GET",route="/orders/:orderId",status="200"',
      'method="GET",route="/sagas/:sagaId",status="404"',
      'method="GET",route="none",status="404"',
      'method="POST",route="/orders",status="400"',
      'method="POST",route="/orders",status="202"',
    ]) {
      assert.ok(text.includes(`http_request_duration_seconds_count{${labels}}`), labels)
    }
    assert.doesNotMatch(text, /nothing|[0-9a-f]{8}-[0-9a-f]{4}-/)
  })

  it('answers an internal error with 500 without its details, and logs it', async () => {
    await api.database.query({ name: 'test-break', text: 'ALTER TABLE orders RENAME TO orders_away' })
    try {
      const answers = [await api.get(`/orders/${uuidv7()}`), await api.get('/orders'), await api.post(someOrder())]
      for (const answer of answers) {
        isProblem(answer, 500)
        assert.doesNotMatch(answer.text, /relation|orders_away|stack|SELECT|INSERT|\bat \//)
      }
      assert.ok(api.log.some((line) => line.includes('relation') && line.includes('request failed')))
    } finally {
      await api.database.query({ name: 'test-mend', text: 'ALTER TABLE orders_away RENAME TO orders' })
    }
    assert.equal((await api.get(`/orders/${String(orderId)}`)).status, 200)
  })
})
