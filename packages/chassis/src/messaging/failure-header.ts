import { encodeFailure, failureOf } from '../core/failure.ts'

/** Enough for all fields with a short stack. */
const failureLimitBytes = 3_072
/** The smallest frame that RabbitMQ accepts, without the properties of `forward` and the frame's own bytes. */
const headersLimitBytes = 8_192 - 1_536
/** Type and length of a name and a value in a table. */
const entryBytes = 10

/** The header `failure` of a dead letter, as far as it fits beside its other headers. */
export function failureHeader(error: unknown, headers: Readonly<Record<string, unknown>>): { failure?: string } {
  let used = 0
  for (const [name, value] of Object.entries(headers)) {
    used += Buffer.byteLength(name) + Buffer.byteLength(String(value)) + entryBytes
  }
  const text = encodeFailure(failureOf(error), Math.min(failureLimitBytes, headersLimitBytes - used - entryBytes))
  return text === undefined ? {} : { failure: text }
}
