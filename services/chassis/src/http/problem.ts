/** An answer of 4xx or 5xx, as RFC 9457 problem details. Its text is for the caller: it holds nothing internal. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly extra: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    title: string,
    detail: string,
    more: { extra?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(detail)
    this.status = status
    this.title = title
    this.detail = detail
    this.extra = more.extra ?? {}
    this.headers = more.headers ?? {}
  }
}

/** The request is well-formed and a field of it is not acceptable. */
export function invalidField(field: string, message: string): Problem {
  return new Problem(400, 'Invalid request', `${field} ${message}`, { extra: { field, errors: [{ field, message }] } })
}

export function notFound(what: string): Problem {
  return new Problem(404, 'Not found', `${what} does not exist.`)
}

export function unavailable(detail: string, retryAfterSeconds = 2): Problem {
  return new Problem(503, 'Temporarily unavailable', detail, { headers: { 'retry-after': String(retryAfterSeconds) } })
}
