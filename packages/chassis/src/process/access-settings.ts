import {
  type ConfigOf,
  integer,
  milliseconds,
  oneOf,
  optionalText,
  type Setting,
  text,
  url,
  wordList,
} from '../core/config.ts'
import { httpHost } from './settings.ts'

/** Asymmetric signatures: the keys of a JWKS are public, so a symmetric algorithm would let everybody sign. */
const asymmetric = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

/** Without it a token could not be verified. */
const requiredWithJwt: Setting<string>['check'] = (value, { authMode }) =>
  authMode === 'jwt' && value === '' ? 'must be set when AUTH_MODE is jwt' : undefined

/** Settings of every process that verifies the tokens of its callers. */
export const accessSettings = {
  authMode: oneOf({
    env: 'AUTH_MODE',
    default: 'none',
    values: ['none', 'jwt'],
    doc: 'Whether callers are identified by access tokens (`jwt`), or every client may call the API.',
  }),
  authIssuer: {
    ...optionalText({ env: 'AUTH_ISSUER', doc: 'Value of the claim `iss` of accepted tokens; required with `jwt`.' }),
    check: requiredWithJwt,
  },
  authAudience: {
    ...optionalText({
      env: 'AUTH_AUDIENCE',
      doc: 'Value that the claim `aud` of accepted tokens contains; required with `jwt`.',
    }),
    check: requiredWithJwt,
  },
  authJwksUrl: url({
    env: 'AUTH_JWKS_URL',
    default: '',
    schemes: ['http', 'https'],
    without: ['credentials'],
    doc: "The issuer's JWKS, from which the keys are read; required with `jwt`.",
    required: requiredWithJwt,
  }),
  authAlgorithms: wordList({
    env: 'AUTH_ALGORITHMS',
    default: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    values: asymmetric,
    doc: 'Accepted signature algorithms, separated by commas; symmetric ones are not supported.',
  }),
  authClockToleranceMs: milliseconds({
    env: 'AUTH_CLOCK_TOLERANCE_MS',
    default: 30_000,
    min: 0,
    max: 300_000,
    doc: "Accepted difference between the issuer's clock and the database's, for the claims `exp` and `nbf`.",
  }),
  authOwnerClaim: text({
    env: 'AUTH_CUSTOMER_CLAIM',
    default: 'customer_id',
    doc: 'Claim with the id of the owner to whose data a token is limited. A token without it is that of a service or an operator.',
  }),
}

/** Settings of the services with an API. */
export const apiSettings = {
  httpHost,
  ...accessSettings,
  rateLimitPerCaller: integer({
    env: 'RATE_LIMIT_PER_CALLER',
    default: 100,
    min: 0,
    max: 1_000_000,
    unit: 'requests per second',
    doc: 'Requests of one caller that one process accepts per second; above, 429. 0: no limit. Without effect with AUTH_MODE=none.',
  }),
  dbReadPoolMax: integer({
    env: 'DB_READ_POOL_MAX',
    default: 2,
    min: 1,
    max: 100,
    unit: 'connections',
    doc: 'Connections one process opens for requests that read, in addition to DB_POOL_MAX; so many of them run at once.',
  }),
}

export type AccessConfig = ConfigOf<typeof accessSettings>
