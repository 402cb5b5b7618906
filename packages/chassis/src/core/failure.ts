import { withoutSecrets } from './without-secrets.ts'

/** The cause of a failed attempt: the chain of errors, and for a database error the fields that PostgreSQL reports. */
export interface Failure {
  /** `name: message` of the error and its causes, the outermost first. */
  readonly chain: readonly string[]
  readonly sqlState?: string
  /** Name of the statement that failed. */
  readonly statement?: string
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
  readonly detail?: string
  readonly hint?: string
  /** PostgreSQL's context: the function and line, for an error in PL/pgSQL. */
  readonly where?: string
  readonly stack?: string
}

type Field = Exclude<keyof Failure, 'chain'>

/** The fields in the order of their value for a diagnosis, and the limit of each in characters. */
const limits: Readonly<Record<Field, number>> = {
  sqlState: 5,
  statement: 64,
  table: 128,
  constraint: 128,
  where: 800,
  schema: 128,
  column: 128,
  detail: 300,
  hint: 300,
  stack: 1_500,
}
const fields = Object.keys(limits) as Field[]
const chainLimit = { errors: 6, characters: 300 } as const

/** The facts known of an error and of its causes, without secrets, each field from the outermost error that has it. */
export function failureOf(error: unknown): Failure {
  const errors = chainOf(error)
  const texts: Partial<Record<Field, string>> = {}
  for (const field of fields) {
    const value = errors.map((each) => fieldOf(each, field)).find((text) => text !== undefined)
    if (value !== undefined) texts[field] = withoutSecrets(value).slice(0, limits[field])
  }
  return { chain: errors.map(lineOf), ...texts }
}

/**
 * The failure as JSON text of at most this many bytes: fields are left out, the least valuable first.
 * @returns undefined when not even the first error fits
 */
export function encodeFailure(failure: Failure, limitBytes: number): string | undefined {
  const { chain, ...rest } = failure
  const present = fields.filter((field) => rest[field] !== undefined)
  for (let kept = present.length; kept >= 0; kept -= 1) {
    for (const lines of kept === present.length ? [chain] : [chain, chain.slice(0, 1)]) {
      const text = JSON.stringify({
        chain: lines,
        ...Object.fromEntries(present.slice(0, kept).map((field) => [field, rest[field]])),
      })
      if (Buffer.byteLength(text) <= limitBytes) return text
    }
  }
  return undefined
}

/** Reads the text of `encodeFailure`; undefined for anything else: every sender of a message controls its headers. */
export function readFailure(text: unknown): Failure | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>> | null
    const { chain } = value ?? {}
    if (!Array.isArray(chain) || !chain.every((line) => typeof line === 'string')) return undefined
    const texts = fields.flatMap((field) => {
      const given = value?.[field]
      return typeof given === 'string' ? [[field, printable(given, limits[field])]] : []
    })
    const lines = chain.slice(0, chainLimit.errors).map((line: string) => printable(line, chainLimit.characters))
    return { chain: lines, ...Object.fromEntries(texts) }
  } catch {
    return undefined
  }
}

function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = []
  let next = error
  while (next !== undefined && next !== null && chain.length < chainLimit.errors && !chain.includes(next)) {
    chain.push(next)
    next = next instanceof AggregateError ? next.errors[0] : (next as { cause?: unknown }).cause
  }
  return chain
}

function fieldOf(error: unknown, field: Field): string | undefined {
  const { code, ...others } = { ...(error as Readonly<Record<string, unknown>>) }
  if (field === 'sqlState') return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
  const value = field === 'stack' ? (error as { stack?: unknown }).stack : others[field]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function lineOf(error: unknown): string {
  const line = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return withoutSecrets(line).slice(0, chainLimit.characters)
}

/** Without control characters other than line breaks: the text goes to terminals, and PostgreSQL stores no NUL. */
function printable(text: string, limit: number): string {
  // oxlint-disable-next-line no-control-regex
  return text.slice(0, limit).replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f]/g, ' ')
}
