import assert from 'node:assert/strict'
import { waitUntil } from '@order-saga/dev'
import { exchange, RawClient } from '@order-saga/tests/support/raw-client'
import { ApiForTest } from './api-for-test.ts'

const host = 'Host: x\r\nConnection: close\r\n'
const get = (target: string, headers = host): string => `GET ${target} HTTP/1.1\r\n${headers}\r\n`
const post = (headers: string, body = ''): string =>
  `POST /things HTTP/1.1\r\n${host}Content-Type: application/json\r\n${headers}\r\n\r\n${body}`

describe('the HTTP protocol of an API', () => {
  let api: ApiForTest
  beforeEach(async () => {
    api = await ApiForTest.start()
  })
  afterEach(async () => await api.close())

  const malformed: [string, string | Buffer, number, string][] = [
    ['an absolute target with a malformed host', get('http://[::1/things'), 400, 'GET none'],
    ['an absolute target without a host', get('http:///things'), 400, 'GET none'],
    ['an absolute target with a port only', get('http://:80/things'), 400, 'GET none'],
    ['an absolute target with a user', get('http://user@x/things'), 400, 'GET none'],
    ['a target of another scheme', get('ftp://x/things'), 400, 'GET none'],
    ['the target *', get('*'), 400, 'GET none'],
    ['a target with a fragment', get('/things#x'), 400, 'GET none'],
    ['a target without a slash', get('things'), 400, '_OTHER none'],
    ['a target with a space', get('/a b'), 400, '_OTHER none'],
    ['a path that cannot be decoded', get('/things/%zz'), 400, 'GET none'],
    ['a path with half a character', get('/%c3'), 400, 'GET none'],
    ['a query that cannot be decoded', get('/things?a=%ff'), 400, 'GET none'],
    ['a target of 8001 bytes', get(`/${'a'.repeat(8_000)}`), 414, 'GET none'],
    ['a target of 20,000 bytes', get(`/${'a'.repeat(20_000)}`), 431, '_OTHER none'],
    ['headers of 20,000 bytes', get('/things', `${host}X: ${'x'.repeat(20_000)}\r\n`), 431, '_OTHER none'],
    ['no Host', get('/things', 'Connection: close\r\n'), 400, 'GET none'],
    ['two Hosts', get('/things', `${host}Host: y\r\n`), 400, 'GET none'],
    ['a malformed Host', get('/things', 'Host: a b\r\n'), 400, 'GET none'],
    ['a header with a control character', get('/things', `${host}X: \x01\r\n`), 400, '_OTHER none'],
    ['an unknown expectation', get('/things', `${host}Expect: tea\r\n`), 417, 'GET none'],
    ['two expectations', post('Content-Length: 2\r\nExpect: 100-continue, tea', '{}'), 417, 'POST none'],
    ['HTTP/0.9', 'GET /things\r\n\r\n', 505, 'GET none'],
    ['HTTP/2.0', 'GET /things HTTP/2.0\r\nHost: x\r\n\r\n', 505, 'GET none'],
    ['HTTP/3.0', 'GET /things HTTP/3.0\r\nHost: x\r\n\r\n', 505, '_OTHER none'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, '_OTHER none'],
    ['lines that end with LF', 'GET /things HTTP/1.1\nHost: x\n\n', 400, '_OTHER none'],
    ['something other than HTTP', 'HELO x\r\n\r\n', 400, '_OTHER none'],
    ['a TLS handshake', Buffer.from([22, 3, 1, 0, 200, 1, 0, 0]), 400, '_OTHER none'],
    ['CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'CONNECT none'],
    ['an unknown method', `FOO /things HTTP/1.1\r\n${host}\r\n`, 405, '_OTHER /things'],
    ['a method in small letters', `get /things?a HTTP/1.1\r\n${host}\r\n`, 405, '_OTHER /things'],
    ['a method that begins as another', `POSTS /things HTTP/1.1\r\n${host}\r\n`, 405, '_OTHER /things'],
    ['an unknown method on an unknown path', `FOO /x HTTP/1.1\r\n${host}\r\n`, 404, '_OTHER none'],
    ['two lengths', post('Content-Length: 2\r\nContent-Length: 2', '{}'), 400, '_OTHER none'],
    ['a negative length', post('Content-Length: -2', '{}'), 400, '_OTHER none'],
    ['a length and chunks', post('Content-Length: 2\r\nTransfer-Encoding: chunked', '{}'), 400, '_OTHER none'],
    ['chunks and a length', post('Transfer-Encoding: chunked\r\nContent-Length: 2', '{}'), 400, '_OTHER none'],
    ['a transfer coding that ends without chunks', post('Transfer-Encoding: gzip', '{}'), 400, 'POST none'],
    ['a compressed transfer coding', post('Transfer-Encoding: gzip, chunked', '0\r\n\r\n'), 400, 'POST none'],
    ['a malformed chunk', post('Transfer-Encoding: chunked', 'zz\r\n'), 400, 'POST /things'],
    ['an overlong chunk extension', post('Transfer-Encoding: chunked', `1;${'a'.repeat(17_000)}`), 413, 'POST /things'],
  ]
  for (const [name, bytes, status, labels] of malformed) {
    it(`answers ${status} to ${name} as a problem, with a log line and a metric`, async () => {
      const client = await exchange(api.port, bytes)
      assert.equal(client.status, status, client.received)
      assert.match(client.received, /content-type: application\/problem\+json\r\n/i)
      assert.match(client.received, /cache-control: no-store\r\n/i)
      assert.match(client.received, /x-content-type-options: nosniff\r\n/i)
      assert.equal(client.received.match(/HTTP\/1\.1 /g)?.length, 1, client.received)
      assert.equal(client.problem?.['status'], status)
      assert.equal(client.error, undefined)
      if (status === 405) assert.match(client.received, /\r\nallow: GET, HEAD, OPTIONS, POST\r\n/i)
      await api.hasObserved({ [`${labels} ${status}`]: 1 })
      assert.deepEqual(
        [...new Set(api.log.map(({ level, msg }) => `${level} ${msg}`))],
        ['30 malformed request rejected'],
      )
      assert.ok(api.log.some((line) => line['status'] === status && typeof line['reason'] === 'string'))
    })
  }

  it('answers 405 with Allow to every method of Node that no route has', async () => {
    for (const method of ['TRACE', 'PROPFIND', 'QUERY', 'PURGE', 'M-SEARCH', 'DELETE']) {
      const client = await exchange(api.port, `${method} /things HTTP/1.1\r\n${host}\r\n`)
      assert.equal(client.status, 405, client.received)
      assert.match(client.received, /\r\nallow: GET, HEAD, OPTIONS, POST\r\n/i)
      assert.equal(client.problem?.['status'], 405)
    }
  })

  it('takes an absolute target, a trailing slash, an empty Host, HTTP/1.0 without Host and an offered upgrade', async () => {
    const requests = [
      get('http://x:80/things?a=b'),
      get('HTTP://[::1]/things?a=b'),
      get('/things/?a=b'),
      get('/things?a=b', 'Host:\r\nConnection: close\r\n'),
      get('/things?a=b', 'Host: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n'),
      'GET /things?a=b HTTP/1.0\r\n\r\n',
    ]
    for (const request of requests) {
      const client = await exchange(api.port, request)
      assert.equal(client.status, 200, `${request}${client.received}`)
      assert.match(client.received, /{"query":{"a":"b"}}$/)
    }
    assert.deepEqual(api.log, [])
  })

  it('answers OPTIONS * with the methods of all routes', async () => {
    const client = await exchange(api.port, `OPTIONS * HTTP/1.1\r\n${host}\r\n`)
    assert.equal(client.status, 204)
    assert.match(client.received, /\r\nallow: GET, HEAD, OPTIONS, POST\r\n/i)
  })

  it('sends no 100 Continue to a client of HTTP/1.0', async () => {
    const request = post('Content-Length: 2\r\nExpect: 100-continue', '{}').replace('HTTP/1.1', 'HTTP/1.0')
    assert.equal((await exchange(api.port, request)).status, 200)
  })

  it('answers pipelined requests in their order, a malformed one last', async () => {
    const keepAlive = 'Host: x\r\n'
    const client = new RawClient(api.port)
    await client.send(`${get('/later', keepAlive)}${get('/things', keepAlive)}BAD\r\n\r\n`)
    await api.waiting
    assert.equal(client.received, '')
    api.release()
    await client.closed
    assert.deepEqual(client.received.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400'])
    assert.equal(client.error, undefined)
  })

  it('answers a malformed request after an idle time on the same connection', async () => {
    const client = new RawClient(api.port)
    await client.send(get('/things', 'Host: x\r\n'))
    await waitUntil(() => client.status === 200, { what: 'the first response', limitMs: 5_000 })
    client.received = ''
    await client.send('BAD\r\n\r\n')
    await client.closed
    assert.equal(client.status, 400)
    assert.equal(client.problem?.['title'], 'Bad Request')
  })

  it('answers 408 to headers and to a body that come too late', async () => {
    api.server.headersTimeout = 1
    api.server.requestTimeout = 1
    const late = [new RawClient(api.port), new RawClient(api.port)]
    await late[0]?.send('GET /things HTTP/1.1\r\n')
    await late[1]?.send(post('Content-Length: 2', '{'))
    for (const client of late) {
      await client.closed
      assert.equal(client.status, 408, client.received)
      assert.equal(client.problem?.['status'], 408)
    }
    await api.hasObserved({ '_OTHER none 408': 1, 'POST /things 408': 1 })
  })

  it('closes a connection with its last response after 10,000 requests', async () => {
    const client = new RawClient(api.port)
    for (let i = 0; i < 11; i += 1) await client.send(get('/x', 'Host: x\r\n').repeat(1_000))
    await client.closed
    assert.equal(client.received.match(/HTTP\/1\.1 404/g)?.length, 10_000)
    assert.equal(client.received.match(/HTTP\/1\.1 503/g), null)
  })
})
