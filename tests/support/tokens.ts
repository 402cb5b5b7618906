import { LocalIssuer, localAudience } from '@order-saga/dev'

/** The settings of a process that accepts the tokens of this issuer. */
export function accessTo(issuer: LocalIssuer): Record<string, string> {
  return { AUTH_MODE: 'jwt', AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: localAudience, AUTH_JWKS_URL: issuer.jwksUrl }
}

type Headers = Record<string, string>

export const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })

export const allScopes = 'orders:create orders:read stock:write operate'

/** Headers that every API refuses with 401, by what is wrong with them. */
export async function badCallers(issuer: LocalIssuer): Promise<Map<string, Headers>> {
  const other = await LocalIssuer.start()
  const ofOther = await other.token({ scope: allScopes })
  await other.close()
  const good = await issuer.token({ scope: allScopes })
  const [header = '', payload = '', signature = ''] = good.split('.')
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  return new Map(
    Object.entries<Headers>({
      'no token': {},
      'another scheme': { authorization: 'Basic b3BlcmF0b3I6c2VjcmV0' },
      'an empty token': { authorization: 'Bearer ' },
      'a token with spaces': bearer(`${good} x`),
      'no JWT': bearer('abc'),
      'an expired token': bearer(await issuer.token({ scope: allScopes, lifetimeSeconds: -60 })),
      'another audience': bearer(await issuer.token({ scope: allScopes, audience: 'another' })),
      'another issuer and key': bearer(ofOther),
      'another payload': bearer([header, encoded({ ...claims, sub: 'admin' }), signature].join('.')),
      'the algorithm none': bearer([encoded({ alg: 'none' }), payload, ''].join('.')),
      'a symmetric algorithm': bearer([encoded({ alg: 'HS256' }), payload, signature].join('.')),
    }),
  )
}
