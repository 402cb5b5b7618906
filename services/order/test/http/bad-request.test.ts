// needs: database
import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { waitUntil } from '@order-saga/dev'
import { exchange, RawClient } from '@order-saga/tests/support/raw-client'
import { OrderApi, orderDatabase, someOrder } from './order-api.ts'

const head = (more: string): string =>
  `POST /orders HTTP/1.1\r\nHost: orders\r\nContent-Type: application/json\r\n${more}\r\n\r\n`
const megabyte = `100000\r\n${' '.repeat(0x100000)}\r\n`

describe('a bad HTTP request', () => {
  let api: OrderApi
  before(async () => {
    await orderDatabase('bad_request')
    api = await OrderApi.start({ database: 'bad_request' })
  })
  after(async () => await api.close())
  afterEach(async () => {
    assert.deepEqual(await api.counts(), { orders: 0, sagas: 0, events: 0, keys: 0 })
  })

  const bodies: [string, number, string | undefined, Record<string, string>, RegExp][] = [
    ['malformed JSON', 400, '{"customerEmail": ', {}, /not well-formed JSON/],
    ['two JSON values', 400, '{}{}', {}, /not well-formed JSON/],
    ['an empty body', 400, '', {}, /is empty/],
    ['a body of white space', 400, ' \n ', {}, /is empty/],
    ['no body at all', 400, undefined, {}, /is empty/],
    ['a body over 64 KB', 413, `${JSON.stringify(someOrder())}${' '.repeat(65_536)}`, {}, /at most 65536 bytes/],
    [
      'ten thousand items',
      413,
      JSON.stringify(someOrder({ items: Array.from({ length: 10_000 }, () => ({ sku: 'A', qty: 1 })) })),
      {},
      /at most 65536 bytes/,
    ],
    ['deep nesting', 400, '['.repeat(60_000), {}, /not well-formed JSON/],
    ['plain text', 415, JSON.stringify(someOrder()), { 'content-type': 'text/plain' }, /must be application\/json/],
    ['a form', 415, 'amount=1', { 'content-type': 'application/x-www-form-urlencoded' }, /must be application\/json/],
    [
      'another charset',
      415,
      JSON.stringify(someOrder()),
      { 'content-type': 'application/json; charset=utf-16' },
      /in UTF-8/,
    ],
    ['an encoding nobody offered', 415, JSON.stringify(someOrder()), { 'content-encoding': 'br' }, /not be compressed/],
  ]
  for (const [name, status, body, headers, detail] of bodies) {
    it(`answers ${status} to ${name}`, async () => {
      const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
      const answer = await api.send('POST', '/orders', { ...type, ...headers }, body)
      assert.equal(answer.status, status, answer.text)
      assert.equal(answer.headers.get('content-type'), 'application/problem+json')
      assert.equal(answer.json['status'], status)
      assert.match(String(answer.json['detail']), detail)
      assert.doesNotMatch(answer.text, /stack|node_modules|position|Unexpected/i)
    })
  }

  it('accepts 64 KB and refuses one byte more', async () => {
    const order = JSON.stringify(someOrder({ amount: -1 }))
    const fits = await api.post(order.padEnd(65_536))
    assert.equal(fits.status, 400, fits.text)
    assert.equal(fits.json['field'], 'amount')
    const over = await api.post(order.padEnd(65_537))
    assert.equal(over.status, 413, over.text)
  })

  it('answers 415 to every compressed body', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, ' '))
    const client = new RawClient(api.port)
    await client.send(head(`Content-Encoding: gzip\r\nContent-Length: ${bomb.length}`))
    await client.send(bomb)
    await waitUntil(() => client.problem, { what: 'an answer', limitMs: 5_000 })
    assert.equal(client.status, 415)
    assert.match(client.received, /accept-encoding: identity/i)
    client.socket.destroy()
  })

  it('answers 400 to invalid UTF-8', async () => {
    const body = Buffer.from(JSON.stringify(someOrder({ customerId: 'Zoë' })), 'latin1')
    const client = await exchange(
      api.port,
      Buffer.concat([Buffer.from(head(`Connection: close\r\nContent-Length: ${body.length}`)), body]),
    )
    assert.equal(client.status, 400)
    assert.match(String(client.problem?.['detail']), /UTF-8/)
  })

  it('refuses a body that is declared too large before it is sent', async () => {
    const client = new RawClient(api.port)
    await client.send(head('Content-Length: 1000000000'))
    await waitUntil(() => client.problem, { what: 'an answer', limitMs: 5_000 })
    assert.equal(client.status, 413)
    assert.match(client.received, /^connection: close\r$/im)
    await client.closed
  })

  it('sends no 100 Continue for a body that is too large or that no route reads', async () => {
    const large = await exchange(api.port, head('Content-Length: 1000000000\r\nExpect: 100-continue'))
    assert.equal(large.status, 413)
    const lost = await exchange(
      api.port,
      head('Content-Length: 2\r\nExpect: 100-continue').replace('/orders', '/nothing'),
    )
    assert.equal(lost.status, 404)
  })

  it('sends 100 Continue for a body that it reads', async () => {
    const client = new RawClient(api.port)
    await client.send(head('Connection: close\r\nContent-Length: 2\r\nExpect: 100-continue'))
    await waitUntil(() => client.status === 100, { what: '100 Continue', limitMs: 5_000 })
    client.received = ''
    await client.send('{}')
    await client.closed
    assert.equal(client.status, 400)
    assert.equal(client.problem?.['field'], 'customerEmail')
  })

  it('refuses a chunked body of 1 GB early with a response that the client receives', async () => {
    const client = new RawClient(api.port)
    await client.send(head('Transfer-Encoding: chunked'))
    let sent = 0
    for (; sent < 1024 && client.socket.writable; sent += 1) await client.send(megabyte)
    await client.closed
    assert.ok(sent < 64, `${sent} MB were taken`)
    assert.equal(client.status, 413)
    assert.equal(client.problem?.['status'], 413)
  })

  it('reads the rest of a refused body, so that the response is not lost in a reset', async () => {
    const client = new RawClient(api.port)
    await client.send(`${head('Transfer-Encoding: chunked')}${megabyte}`)
    await waitUntil(() => client.problem, { what: 'an answer', limitMs: 5_000 })
    assert.equal(client.status, 413)
    assert.ok(client.socket.writable)
    await client.send(`${megabyte}0\r\n\r\n`)
    await client.closed
    assert.equal(client.error, undefined)
  })

  it('serves other clients while one sends its headers and body slowly', async () => {
    const slow = [new RawClient(api.port), new RawClient(api.port)]
    await slow[0]?.send('POST /orders HTTP/1.1\r\nHost: ')
    await slow[1]?.send(`${head('Content-Length: 1000')}{"customerEmail"`)
    const answer = await api.get('/orders')
    assert.equal(answer.status, 200)
    for (const client of slow) {
      assert.equal(client.received, '')
      client.socket.destroy()
    }
  })
})
