import assert from 'node:assert/strict'
import { isDatabaseUnavailable } from '../../src/persistence/sql-errors.ts'

function coded(code: string): Error {
  return Object.assign(new Error('x'), { code })
}

describe('an error', () => {
  for (const code of [
    'ECONNREFUSED',
    'EPIPE',
    'EAI_AGAIN',
    'EPROTO',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'CERT_HAS_EXPIRED',
  ]) {
    it(`with the code ${code} is about the server or the network`, () => assert.ok(isDatabaseUnavailable(coded(code))))
  }

  it('of both address families is about the server when one of them is', () => {
    assert.ok(isDatabaseUnavailable(new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')])))
    assert.ok(!isDatabaseUnavailable(new AggregateError([new Error('x')])))
  })

  for (const error of [
    new Error('x'),
    new TypeError('x is not a function'),
    coded('ERR_INVALID_ARG_TYPE'),
    'x',
    null,
  ]) {
    it(`like ${String(error)} does not`, () => assert.ok(!isDatabaseUnavailable(error)))
  }
})
