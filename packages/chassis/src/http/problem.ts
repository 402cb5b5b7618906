import { STATUS_CODES } from 'node:http'
import type { Checked } from '@order-saga/contracts'

/** Problem details (RFC 9457). */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly [extension: string]: unknown
}

const text = { type: 'string' }

/** The schema of `ProblemBody` with the extensions that this API uses. */
export const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { const: 'about:blank' },
    title: { ...text, description: "the status's own title" },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { ...text, description: 'the problem in words; it may change' },
    instance: { ...text, description: 'the path of the request, if it could be read' },
    field: { ...text, description: 'the invalid field, as a path from the root: items.0.qty' },
    errors: {
      type: 'array',
      items: { type: 'object', required: ['field', 'message'], properties: { field: text, message: text } },
    },
  },
}

/**
 * A 4xx or 5xx response. The client reads its message, so it must not contain internal data. RFC 9457, section 4.2.1: with
 * the type `about:blank` the title is the status's own.
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

/** A well-formed request with an invalid field. */
export function invalidField(field: string, message: string): Problem {
  return new Problem(400, `${field} ${message}`, { extra: { field, errors: [{ field, message }] } })
}

/**
 * Returns the value if its schema accepts it.
 * @throws Problem 400 that names the field
 */
export function requireValid<T>(checked: Checked<T>): T {
  if (checked.ok) return checked.value
  throw invalidField(checked.problem.field, checked.problem.message)
}

export function notFound(what: string): Problem {
  return new Problem(404, `${what} does not exist.`)
}

export function unavailable(detail: string, retryAfterSeconds = 2): Problem {
  return new Problem(503, detail, { headers: { 'retry-after': String(retryAfterSeconds) } })
}
