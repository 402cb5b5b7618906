import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose'
import { DependencyUnavailable } from '../../core/errors.ts'
import { AccessDenied } from './access-denied.ts'
import type { Caller } from './caller.ts'

/** Whether the value of a claim can be the id of an owner. */
export type IsOwner = (value: unknown) => value is string

export interface TokenRules {
  /** Value of the claim `iss`. */
  readonly issuer: string
  /** A value of the claim `aud`. */
  readonly audience: string
  readonly jwksUrl: string
  /** The accepted values of the header `alg`. */
  readonly algorithms: readonly string[]
  /** Applied to the claims `exp` and `nbf`. */
  readonly clockToleranceMs: number
  /** Name of the claim with the id of an owner. */
  readonly ownerClaim: string
  /** Whether the claim has the form of such an id. */
  readonly isOwner: IsOwner
}

/** Below the 2.5 s that a request waits for a database: with both, every response is sent within 5 s. */
const fetchTimeoutMs = 2_000
/** A token that names an unknown key fetches the keys again, at most once in this time, so that a new key works at once. */
const cooldownMs = 1_000
/** How long known keys are used while the issuer is unavailable. Chosen: an issuer's restart or upgrade takes less. */
const keysMaxAgeMs = 3_600_000
/** Interval of `refresh`: a key that the issuer has removed is accepted for so long. Chosen. */
export const keysRefreshMs = 300_000

const printable = /^[\x20-\x7e]{1,255}$/

/** Verifies access tokens: JWTs (RFC 7519) signed with a key of the issuer's JWKS, which is cached. */
export class TokenVerifier {
  readonly #rules: TokenRules
  readonly #now: () => Date
  readonly #keys: ReturnType<typeof createRemoteJWKSet>

  constructor(rules: TokenRules, now: () => Date) {
    this.#rules = rules
    this.#now = now
    this.#keys = createRemoteJWKSet(new URL(rules.jwksUrl), {
      timeoutDuration: fetchTimeoutMs,
      cooldownDuration: cooldownMs,
      cacheMaxAge: keysMaxAgeMs,
    })
  }

  /**
   * @throws AccessDenied for a token that is not valid, DependencyUnavailable while the keys for the verification cannot be
   * fetched
   */
  async verify(token: string): Promise<Caller> {
    const { issuer, audience, algorithms, clockToleranceMs } = this.#rules
    try {
      const { payload } = await jwtVerify(token, this.#getKey, {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: clockToleranceMs / 1_000,
        currentDate: this.#now(),
        requiredClaims: ['exp', 'sub'],
      })
      return this.#callerOf(payload)
    } catch (error) {
      if (error instanceof DependencyUnavailable || error instanceof AccessDenied) throw error
      throw denialOf(error)
    }
  }

  /** Fetches the keys. If it fails, the known ones stay in use. @throws DependencyUnavailable */
  async refresh(): Promise<void> {
    await this.#keys.reload().catch((error: unknown) => {
      throw new DependencyUnavailable('token issuer', error)
    })
  }

  readonly #getKey: JWTVerifyGetKey = async (header, token) => {
    try {
      return await this.#keys(header, token)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error
      throw new DependencyUnavailable('token issuer', error)
    }
  }

  #callerOf(payload: JWTPayload): Caller {
    const { issuer, ownerClaim, isOwner } = this.#rules
    const { sub: subject, scope, scp } = payload
    if (typeof subject !== 'string' || !printable.test(subject)) {
      throw AccessDenied.invalidToken('claim', 'The claim sub must have 1 to 255 printable ASCII characters.')
    }
    let owner: string | undefined
    if (Object.hasOwn(payload, ownerClaim)) {
      const claim = payload[ownerClaim]
      // A claim of another form does not make it the token of a service.
      if (!isOwner(claim)) {
        throw AccessDenied.invalidToken('claim', `The claim ${ownerClaim} does not have the form of an id.`)
      }
      owner = claim
    }
    return { issuer, subject, scopes: new Set(wordsOf(scope ?? scp)), owner }
  }
}

/** The scopes of a token: a text with spaces (RFC 9068, RFC 8693), or a list, as some issuers write it. */
function wordsOf(claim: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : typeof claim === 'string' ? claim.split(' ') : []
  return values.filter((value): value is string => typeof value === 'string' && value !== '')
}

function denialOf(error: unknown): AccessDenied {
  if (error instanceof errors.JWTExpired) return AccessDenied.invalidToken('expired', 'The token has expired.')
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return AccessDenied.invalidToken('algorithm', 'The algorithm of the token is not allowed.')
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return AccessDenied.invalidToken('unknown_key', 'The token is signed with a key that the issuer does not publish.')
  }
  if (error instanceof errors.JWTClaimValidationFailed) return claimDenial(error)
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid) {
    return AccessDenied.invalidToken('malformed', 'The token is not a signed JWT.')
  }
  return AccessDenied.invalidToken('signature', 'The signature of the token cannot be verified.')
}

function claimDenial({ claim }: errors.JWTClaimValidationFailed): AccessDenied {
  switch (claim) {
    case 'iss':
      return AccessDenied.invalidToken('issuer', 'The token is of another issuer.')
    case 'aud':
      return AccessDenied.invalidToken('audience', 'The token is for another audience.')
    case 'nbf':
      return AccessDenied.invalidToken('not_yet_valid', 'The token is not valid yet.')
    default:
      return AccessDenied.invalidToken('claim', `The claim ${claim} is missing or not valid.`)
  }
}
