import assert from 'node:assert/strict'
import { LocalIssuer, localAudience } from '@order-saga/dev'
import { waitUntil } from '@order-saga/dev'
import { DependencyUnavailable } from '../../src/core/errors.ts'
import { AccessDenied } from '../../src/http/access/access-denied.ts'
import { TokenVerifier } from '../../src/http/access/token-verifier.ts'

describe('TokenVerifier', () => {
  let issuer: LocalIssuer
  beforeEach(async () => {
    issuer = await LocalIssuer.start()
  })
  afterEach(async () => await issuer.close().catch(() => undefined))

  let now = (): Date => new Date()
  const verifier = (changes = {}): TokenVerifier => {
    const rules = {
      issuer: issuer.url,
      audience: localAudience,
      jwksUrl: issuer.jwksUrl,
      algorithms: ['ES256'],
      clockToleranceMs: 30_000,
      ownerClaim: 'customer_id',
      isOwner: (value: unknown): value is string => typeof value === 'string' && value.length < 100,
    }
    return new TokenVerifier({ ...rules, ...changes }, () => now())
  }
  const reasonOf = async (verified: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await verified.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    assert.ok(error === undefined || error instanceof AccessDenied, String(error))
    return error?.reason
  }

  it('returns issuer, subject, scopes and owner', async () => {
    const token = await issuer.token({ subject: 'ann', scope: 'a b', customer: 'c-1' })
    const caller = await verifier().verify(token)
    assert.deepEqual(caller, { issuer: issuer.url, subject: 'ann', scopes: new Set(['a', 'b']), owner: 'c-1' })
  })

  it('accepts a key that the issuer adds, and no longer one that it removes', async () => {
    const subject = verifier()
    const old = await issuer.token()
    await subject.verify(old)
    await issuer.rotate()
    const fresh = await issuer.token()
    await waitUntil(async () => (await reasonOf(subject.verify(fresh))) === undefined, {
      what: 'the new key to be accepted',
      limitMs: 5_000,
      intervalMs: 100,
    })
    assert.equal(await reasonOf(subject.verify(old)), 'unknown_key')
  })

  it('keeps the known keys while the issuer is unavailable, and needs the issuer for unknown ones', async () => {
    const [knowing, ignorant] = [verifier(), verifier()]
    const token = await issuer.token()
    await knowing.verify(token)
    await issuer.close()
    await knowing.verify(token)
    await assert.rejects(knowing.refresh(), DependencyUnavailable)
    await knowing.verify(token)
    await assert.rejects(ignorant.verify(token), DependencyUnavailable)
  })

  it('tolerates the difference of clocks that is configured, and no more', async () => {
    const token = await issuer.token({ lifetimeSeconds: 100 })
    const [, claims = ''] = token.split('.')
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp: number }
    for (const [seconds, reason] of [
      [-100, undefined],
      [29, undefined],
      [31, 'expired'],
    ] as const) {
      now = () => new Date((exp + seconds) * 1_000)
      assert.equal(await reasonOf(verifier().verify(token)), reason)
    }
    now = () => new Date()
  })

  it('refuses an algorithm that is not in the list, also with a key of the issuer', async () => {
    assert.equal(await reasonOf(verifier({ algorithms: ['RS256'] }).verify(await issuer.token())), 'algorithm')
  })

  it('reads the owner from a claim of any name, with the form of an id only', async () => {
    const subject = verifier({ ownerClaim: 'sub' })
    assert.equal((await subject.verify(await issuer.token({ subject: 'ann' }))).owner, 'ann')
    assert.equal(await reasonOf(verifier().verify(await issuer.token({ customer: 'x'.repeat(300) }))), 'claim')
    assert.equal(await reasonOf(verifier().verify(await issuer.token({ subject: '' }))), 'claim')
    assert.equal(await reasonOf(verifier().verify(await issuer.token({ subject: 'a\n' }))), 'claim')
  })
})
