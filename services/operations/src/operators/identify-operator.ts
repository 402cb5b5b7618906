import { AccessDenied, type AccessRule, type Caller, type TokenVerifier } from '@order-saga/chassis'
import type { IdentityConfig } from './identity-settings.ts'
import { operatorOf, readOperatorTokens } from './operator-tokens.ts'

/** Operators have this scope; a customer is none. */
export const operatorRule: AccessRule = { scopes: ['operate'], owners: false }

/** The issuer of callers that a named token identifies. */
const namedTokens = 'operator tokens'

export type IdentifyCaller = (token: string) => Promise<Caller>

/** Whether the settings contain a way to identify operators. */
export function identifiesOperators({ authMode, operatorTokens }: IdentityConfig): boolean {
  return authMode === 'jwt' || operatorTokens !== ''
}

/**
 * Identifies a caller by one of the named tokens, or else by a verified access token.
 * @param verifier undefined: only named tokens are accepted
 */
export function identifyBy(config: IdentityConfig, verifier: TokenVerifier | undefined): IdentifyCaller {
  const tokens = readOperatorTokens(config.operatorTokens) ?? []
  return async (token) => {
    const name = operatorOf(tokens, token)
    if (name !== undefined) {
      return { issuer: namedTokens, subject: name, scopes: new Set(operatorRule.scopes), owner: undefined }
    }
    if (verifier === undefined) throw AccessDenied.invalidToken('unknown_key', 'The token is not that of an operator.')
    return await verifier.verify(token)
  }
}
