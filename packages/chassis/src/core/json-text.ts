/** A text that is not JSON; the message is the end of a sentence that begins with the field, or with the text as a whole. */
export class InvalidJson extends Error {
  override readonly name = 'InvalidJson'
  readonly field: string | undefined

  constructor(message: string, field?: string) {
    super(message)
    this.field = field
  }
}

/** Rejects invalid UTF-8, also halves of surrogate pairs; skips a byte order mark. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Parses JSON in UTF-8, the same from requests and in events. `JSON.parse` makes `__proto__` an own property, so a strict
 * schema rejects it.
 * @throws InvalidJson also for what `JSON.parse` changes without an error
 */
export function parseJson(bytes: Buffer): unknown {
  const text = decode(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new InvalidJson(text.trim() === '' ? 'must be JSON, and is empty' : 'is not well-formed JSON')
  }
  checkJsonText(text)
  return value
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new InvalidJson('must be JSON in UTF-8')
  }
}

/** Strings, with the colon after a key; brackets and commas; numbers. In well-formed JSON nothing else matters here. */
const token = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|[[\]{},]|-?\d[\d.eE+-]*/g

/** An object or list that is not closed yet: the current key or index; the keys of an object. */
interface Open {
  at: string | number
  readonly keys?: Set<string>
}

/** Doubles carry each number of up to 15 significant digits (IEEE 754 binary64), unless its exponent is out of range. */
const exactLength = 15

/**
 * Checks what `JSON.parse` changes without an error: of two members with the same key it drops one, and a number that a
 * double cannot carry is rounded (RFC 8259, sections 4 and 6). Costs 2 µs for an order of two items.
 * @param text well-formed JSON
 * @throws InvalidJson that names the field
 */
function checkJsonText(text: string): void {
  const open: Open[] = []
  const field = (): string => open.map(({ at }) => at).join('.') || '(body)'
  for (const [whole, string = '', colon] of text.matchAll(token)) {
    const last = open.at(-1)
    switch (whole[0]) {
      case '"':
        if (colon === undefined || last?.keys === undefined) break
        last.at = string.includes('\\') ? (JSON.parse(`"${string}"`) as string) : string
        if (last.keys.has(last.at)) throw new InvalidJson('must be given once', field())
        last.keys.add(last.at)
        break
      case '{':
        open.push({ at: '', keys: new Set() })
        break
      case '[':
        open.push({ at: 0 })
        break
      case '}':
      case ']':
        open.pop()
        break
      case ',':
        if (typeof last?.at === 'number' && last.keys === undefined) last.at += 1
        break
      default:
        if (!isExact(whole))
          throw new InvalidJson('must be within the range and the precision of a double (IEEE 754)', field())
    }
  }
}

function isExact(number: string): boolean {
  if (number.length <= exactLength && !/e/i.test(number)) return true
  return significance(number) === significance(String(Number(number)))
}

/** Significant digits and exponent: `1.50e3` and `1500` give `15e2`. */
function significance(number: string): string | undefined {
  const [, whole, fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(number) ?? []
  if (whole === undefined) return undefined
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}
