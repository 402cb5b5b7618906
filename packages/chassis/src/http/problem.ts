import { STATUS_CODES } from 'node:http'
import type { Checked } from '@order-saga/contracts'

/** The problem details of one answer, as RFC 9457 names them. */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly [extension: string]: unknown
}

/**
 * An answer of 4xx or 5xx, as RFC 9457 problem details. Its text is for the caller: it holds nothing internal. The title
 * is the status's own, as the RFC wants it of the type `about:blank`.
 */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly extra: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    detail: string,
    more: { extra?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(detail)
    this.status = status
    this.extra = more.extra ?? {}
    this.headers = more.headers ?? {}
  }

  get body(): ProblemBody {
    const { status, message: detail, extra } = this
    return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...extra }
  }
}

/** The request is well-formed and a field of it is not acceptable. */
export function invalidField(field: string, message: string): Problem {
  return new Problem(400, `${field} ${message}`, { extra: { field, errors: [{ field, message }] } })
}

/**
 * The value, if its schema accepts it.
 * @throws Problem 400 that names the field
 */
export function valid<T>(checked: Checked<T>): T {
  if (checked.ok) return checked.value
  throw invalidField(checked.problem.field, checked.problem.message)
}

export function notFound(what: string): Problem {
  return new Problem(404, `${what} does not exist.`)
}

export function unavailable(detail: string, retryAfterSeconds = 2): Problem {
  return new Problem(503, detail, { headers: { 'retry-after': String(retryAfterSeconds) } })
}
