import { type AccessConfig, accessSettings, optionalText } from '@order-saga/chassis'
import { readOperatorTokens } from './operator-tokens.ts'

export interface IdentityConfig extends AccessConfig {
  readonly operatorTokens: string
}

/** Settings of the programs that record the acts of operators. */
export const identitySettings = {
  ...accessSettings,
  operatorTokens: {
    ...optionalText({
      env: 'OPERATOR_TOKENS',
      sensitive: true,
      doc: 'Named tokens of operators, as entries `name:sha256:<hash>` that `saga operator-token` makes, separated by commas or white space.',
    }),
    check: (text: string) =>
      readOperatorTokens(text) === undefined
        ? 'must consist of entries name:sha256:<64 hexadecimal digits>'
        : undefined,
  },
}
