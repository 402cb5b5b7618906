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
