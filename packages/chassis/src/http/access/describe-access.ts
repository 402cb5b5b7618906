import type { ApiDescription, ApiExample, Json } from '../api-description.ts'
import { type Problem, unavailable } from '../problem.ts'
import { AccessDenied } from './access-denied.ts'
import { callerLimitReached } from './caller-limit.ts'
import type { AccessRules } from './require-access.ts'

const scheme = 'accessToken'

/** The security scheme of the document of an API. */
export const securitySchemes: Json = {
  [scheme]: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'Required with AUTH_MODE=jwt, ignored with AUTH_MODE=none. A requirement lists the scope of the token.',
  },
}

/** The security requirements of an operation, of which a request must meet one. */
export function securityOf(rule: AccessRules[string] | undefined, tokenRequired: boolean): Json[] {
  if (rule === undefined || rule === 'public') return []
  return [...(tokenRequired ? [] : [{}]), ...rule.scopes.map((scope) => ({ [scheme]: [scope] }))]
}

/** The problems that every operation may respond with to a caller. */
export function accessProblems({ path, access }: ApiDescription['samples']): Readonly<Record<string, ApiExample>> {
  const example = (summary: string, response: Problem, given: string, token?: string): ApiExample => ({
    summary,
    request: { path, ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }) },
    given: `AUTH_MODE is jwt${given}`,
    response,
  })
  return {
    noToken: example('no access token', AccessDenied.noToken(), ''),
    expiredToken: example(
      'a token that is not valid',
      AccessDenied.invalidToken('expired', 'The token has expired.'),
      ', and the token has expired',
      '<expired token>',
    ),
    insufficientScope: example(
      'a token without the scope',
      AccessDenied.insufficientScope(access.scopes),
      ', and the token lacks the scope',
      '<token without the scope>',
    ),
    ...(!access.owners && {
      ownerToken: example(
        "a token that is limited to its owner's data",
        AccessDenied.ownerNotAllowed(),
        ", and the token is limited to its owner's data",
        '<token of an owner>',
      ),
    }),
    callerLimit: example(
      'too many requests of one caller',
      callerLimitReached(1),
      ', and the caller has sent RATE_LIMIT_PER_CALLER requests in this second',
      '<token>',
    ),
    issuerUnavailable: example(
      'the token issuer does not respond',
      unavailable('The token issuer did not respond in time, try again.'),
      ', and the keys of the token issuer cannot be fetched',
      '<token>',
    ),
  }
}
