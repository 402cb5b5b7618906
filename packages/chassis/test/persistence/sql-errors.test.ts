import assert from 'node:assert/strict'
import { isDatabaseTrouble } from '../../src/persistence/sql-errors.ts'

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
    it(`with the code ${code} is about the server or the network`, () => assert.ok(isDatabaseTrouble(coded(code))))
  }

  it('of both address families is about the server when one of them is', () => {
    assert.ok(isDatabaseTrouble(new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')])))
    assert.ok(!isDatabaseTrouble(new AggregateError([new Error('x')])))
  })

  for (const error of [
    new Error('x'),
    new TypeError('x is not a function'),
    coded('ERR_INVALID_ARG_TYPE'),
    'x',
    null,
  ]) {
    it(`like ${String(error)} does not`, () => assert.ok(!isDatabaseTrouble(error)))
  }
})
