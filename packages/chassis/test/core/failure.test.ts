import assert from 'node:assert/strict'
import { encodeFailure, failureOf, readFailure } from '../../src/core/failure.ts'
import { DependencyUnavailable } from '../../src/core/errors.ts'
import { failureHeader } from '../../src/messaging/failure-header.ts'

const rejected = Object.assign(new Error('shelf index is corrupted'), {
  code: 'P0001',
  schema: 'public',
  table: 'inventory_stock',
  constraint: 'stock_check',
  where: 'PL/pgSQL function reject_reservation() line 3 at RAISE',
  statement: 'stock-save',
  position: 12,
})

describe('the failure of an attempt', () => {
  it('has the chain of errors, what PostgreSQL reports, and the stack', () => {
    const { stack, ...failure } = failureOf(new DependencyUnavailable('database', rejected))
    assert.deepEqual(failure, {
      chain: [
        'DependencyUnavailable: database is unavailable: shelf index is corrupted',
        'Error: shelf index is corrupted',
      ],
      sqlState: 'P0001',
      statement: 'stock-save',
      schema: 'public',
      table: 'inventory_stock',
      constraint: 'stock_check',
      where: 'PL/pgSQL function reject_reservation() line 3 at RAISE',
    })
    assert.match(stack ?? '', /failure\.test\.ts/)
  })

  for (const text of [
    'connect postgres://order:pa55w0rd@db:5432/order_db failed',
    'connect amqp://order:pa55w0rd%2F@rabbitmq failed',
    'connect postgres://order:pa55w0rd/x@db failed',
    'DB_PASSWORD=pa55w0rd is wrong',
    `connection string "host=db user=order password='pa55w0rd' dbname=x"`,
    '{"password": "pa55w0rd", "user": "order"}',
    'Authorization: Bearer pa55w0rd.x.y',
    'header was Bearer pa55w0rd0123',
    'API_KEY: pa55w0rd',
  ]) {
    it(`has no secret of: ${text}`, () => {
      const error = Object.assign(new Error(text, { cause: new Error(text) }), {
        detail: text,
        hint: text,
        where: text,
      })
      const failure = failureOf(error)
      assert.doesNotMatch(JSON.stringify(failure), /pa55w0rd/)
      assert.match(failure.chain[0] ?? '', /\*\*\*/)
    })
  }

  it('keeps other texts, and searches a hostile one in bounded time', () => {
    for (const text of [
      'Unexpected token < in JSON at position 0',
      'duplicate key value violates unique constraint "orders_pkey"',
      'see https://www.postgresql.org/docs/ and a@b.example',
    ]) {
      assert.equal(failureOf(new Error(text)).chain[0], `Error: ${text}`)
    }
    for (const part of ['//', 'password=', 'Bearer ', 'token: "', '//a']) {
      const begun = performance.now()
      failureOf(new Error(part.repeat(200_000)))
      assert.ok(performance.now() - begun < 1_000, part)
    }
  })

  it('is read as it was written, in any space, with the SQLSTATE kept longest', () => {
    const failure = failureOf(rejected)
    assert.deepEqual(readFailure(encodeFailure(failure, 10_000)), failure)
    for (let limit = 0; limit < 2_500; limit += 7) {
      const text = encodeFailure(failure, limit)
      assert(text === undefined || Buffer.byteLength(text) <= limit)
      if (limit > 200) assert.equal(readFailure(text)?.sqlState, 'P0001')
    }
  })

  it('fits into the smallest frame of the broker beside the longest other headers', () => {
    const long = Object.assign(new Error('\u{1f980}'.repeat(2_000)), {
      where: '\u{1f980}'.repeat(2_000),
      code: '23514',
    })
    for (const bytes of [0, 3_000, 4_096, 5_800, 9_000]) {
      const { failure = '' } = failureHeader(long, { replays: 'x'.repeat(bytes), attempt: 5 })
      assert(Buffer.byteLength(failure) <= Math.max(0, 8_192 - 1_536 - bytes))
    }
  })

  for (const [what, error] of [
    ['a string', 'broken'],
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['an aggregate', new AggregateError([new Error('refused')])],
    ['a cycle', Object.assign(new Error('round'), { self: true })],
  ] as const) {
    it(`has a form for ${what}`, () => {
      if (error instanceof Error && what === 'a cycle') error.cause = error
      assert.deepEqual(readFailure(encodeFailure(failureOf(error), 3_000)), failureOf(error))
    })
  }

  it('is not read from a header of another form', () => {
    for (const text of [undefined, 7, '', '{', 'null', '[]', '{"chain":7}', '{"chain":[7]}', { chain: [] }]) {
      assert.equal(readFailure(text), undefined)
    }
    assert.deepEqual(readFailure('{"chain":["a\\u0000b"],"table":7,"other":"x","where":"\\u001b[2J"}'), {
      chain: ['a b'],
      where: ' [2J',
    })
  })
})
