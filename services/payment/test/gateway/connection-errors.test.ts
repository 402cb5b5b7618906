import assert from 'node:assert/strict'
import { nothingWasSent, errorNameOf } from '../../src/gateway/connection-errors.ts'

function failed(cause: object): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error('of some kind'), cause) })
}

describe('A failed fetch', () => {
  const beforeSending = [
    { code: 'ECONNREFUSED', syscall: 'connect' },
    { code: 'ETIMEDOUT', syscall: 'connect' },
    { code: 'EHOSTUNREACH', syscall: 'connect' },
    { code: 'ENOTFOUND', syscall: 'getaddrinfo' },
    { code: 'EAI_AGAIN', syscall: 'getaddrinfo' },
    { code: 'UND_ERR_CONNECT_TIMEOUT' },
    { code: 'CERT_HAS_EXPIRED' },
    { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  ]
  for (const cause of beforeSending) {
    it(`has sent nothing after ${cause.code}`, () => {
      assert.equal(nothingWasSent(failed(cause)), true)
      assert.equal(errorNameOf(failed(cause)), cause.code)
    })
  }

  const inDoubt = [
    { code: 'ECONNRESET', syscall: 'read' },
    { code: 'ETIMEDOUT', syscall: 'read' },
    { code: 'EPIPE', syscall: 'write' },
    { code: 'UND_ERR_SOCKET' },
    { code: 'UND_ERR_HEADERS_TIMEOUT' },
    { code: 'HPE_INVALID_CONSTANT' },
    { code: 'ECONNRESET' },
    {},
  ]
  for (const cause of inDoubt) {
    it(`may have sent something after ${JSON.stringify(cause)}`, () => {
      assert.equal(nothingWasSent(failed(cause)), false)
    })
  }

  it('has sent nothing when no address of a name let it connect, and only then', () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' })
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' })
    assert.equal(nothingWasSent(new TypeError('fetch failed', { cause: new AggregateError([refused, refused]) })), true)
    assert.equal(nothingWasSent(new TypeError('fetch failed', { cause: new AggregateError([refused, reset]) })), false)
    assert.equal(nothingWasSent(new TypeError('fetch failed', { cause: new AggregateError([]) })), false)
  })

  it('may have sent something when it times out, and reports the time-out', () => {
    const over = new DOMException('The operation was aborted due to timeout', 'TimeoutError')
    assert.equal(nothingWasSent(over), false)
    assert.equal(errorNameOf(over), 'TimeoutError')
  })

  it('recognises the error of an unresolvable name', async () => {
    const error: unknown = await fetch('http://payment-provider.invalid/').catch((reason: unknown) => reason)
    assert.equal(nothingWasSent(error), true)
  }).timeout(20_000)
})
