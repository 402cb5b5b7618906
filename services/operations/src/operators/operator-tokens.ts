import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A token that names an operator, stored as its hash. */
export interface OperatorToken {
  readonly name: string
  readonly hash: Buffer
}

/** 256 random bits: a plain hash of them cannot be reversed by guessing, so it needs no salt and no slow function. */
const tokenBytes = 32
const operatorName = /^[\w.@-]{1,100}$/
const entry = /^([\w.@-]{1,100}):sha256:([\da-f]{64})$/

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/**
 * Reads entries `name:sha256:<64 hexadecimal digits>`, separated by commas or white space. A name may have several tokens,
 * so that one can be replaced without a gap.
 * @returns undefined if an entry has another form
 */
export function readOperatorTokens(text: string): readonly OperatorToken[] | undefined {
  const entries = text.split(/[\s,]+/).filter((part) => part !== '')
  const tokens = entries.map((part) => {
    const [, name, hex] = entry.exec(part) ?? []
    return name === undefined || hex === undefined ? undefined : { name, hash: Buffer.from(hex, 'hex') }
  })
  return tokens.includes(undefined) ? undefined : (tokens as OperatorToken[])
}

/** The operator whose token it is. Compares with every entry, in constant time. */
export function operatorOf(tokens: readonly OperatorToken[], token: string): string | undefined {
  const hash = hashOf(token)
  const found = tokens.filter((each) => timingSafeEqual(each.hash, hash))
  return found[0]?.name
}

/** A new token for an operator, and the entry that accepts it. The token is not stored. */
export function createOperatorToken(name: string): { readonly token: string; readonly entry: string } | undefined {
  if (!operatorName.test(name)) return undefined
  const token = randomBytes(tokenBytes).toString('base64url')
  return { token, entry: `${name}:sha256:${hashOf(token).toString('hex')}` }
}
