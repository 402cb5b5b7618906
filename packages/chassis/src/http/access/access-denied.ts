import { Problem } from '../problem.ts'

/** Why a request was denied: the values of the label `reason`, so the list is bounded. */
export const denialReasons = [
  'no_token',
  'malformed',
  'expired',
  'not_yet_valid',
  'issuer',
  'audience',
  'algorithm',
  'signature',
  'unknown_key',
  'claim',
  'scope',
  'owner',
] as const
export type DenialReason = (typeof denialReasons)[number]

const realm = 'Bearer realm="order-saga"'

/** A request that is not authenticated (401) or not authorised (403). */
export class AccessDenied extends Problem {
  readonly reason: DenialReason

  private constructor(status: number, reason: DenialReason, detail: string, authenticate: string) {
    super(status, detail, { headers: { 'www-authenticate': authenticate } })
    this.reason = reason
  }

  /** RFC 6750, section 3.1: a request without any authentication information gets no error code. */
  static noToken(): AccessDenied {
    return new AccessDenied(401, 'no_token', 'Send a token as Authorization: Bearer.', realm)
  }

  static invalidToken(reason: DenialReason, detail: string): AccessDenied {
    return new AccessDenied(401, reason, detail, challenge('invalid_token', detail))
  }

  static insufficientScope(scopes: readonly string[]): AccessDenied {
    const detail = `The token lacks the scope ${scopes.join(' or ')}.`
    return new AccessDenied(403, 'scope', detail, `${challenge('insufficient_scope', detail)}, scope="${scopes[0]}"`)
  }

  /** For a route without a rule. */
  static noRule(): AccessDenied {
    return AccessDenied.#forbidden('scope', 'No token allows this.')
  }

  static ownerNotAllowed(): AccessDenied {
    return AccessDenied.#forbidden('owner', "A token that is limited to its owner's data does not allow this.")
  }

  static #forbidden(reason: DenialReason, detail: string): AccessDenied {
    return new AccessDenied(403, reason, detail, challenge('insufficient_scope', detail))
  }
}

function challenge(error: string, description: string): string {
  return `${realm}, error="${error}", error_description="${description.replaceAll(/["\\]/g, '')}"`
}
