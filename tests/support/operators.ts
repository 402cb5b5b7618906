import { createHash } from 'node:crypto'

/** An entry of OPERATOR_TOKENS. */
export function operatorEntry(name: string, token: string): string {
  return `${name}:sha256:${createHash('sha256').update(token).digest('hex')}`
}

/** The settings of a `saga` that this operator runs. */
export function asOperator(name: string): Record<string, string> {
  const token = `the token of ${name}`
  return { OPERATOR_TOKENS: operatorEntry(name, token), OPERATOR_TOKEN: token }
}
