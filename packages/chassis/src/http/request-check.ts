import type { IncomingMessage } from 'node:http'
import type { Log } from '../core/log.ts'
import { Problem } from './problem.ts'

/** RFC 9112, section 3: "recommended … to support, at a minimum, request-line lengths of 8000 octets". */
const longestTarget = 8_000

const host = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+(?:%25[\w.~-]+)?\])?(?::\d*)?$/i
const absoluteForm = /^https?:\/\/([^/?#:][^/?#]*)(.*)$/i

/**
 * Checks what Node's parser accepts and RFC 9110 or 9112 does not, and rewrites an absolute-form target to its path and
 * query. A rejection is logged: such a request is not the API's client's.
 * @throws Problem 400, 414, 417 or 505
 */
export function checkRequest(request: IncomingMessage, log: Log): void {
  try {
    check(request)
  } catch (error) {
    logRejection(log, request.method, error as Problem)
    throw error
  }
}

export function logRejection(log: Log, method: string | undefined, { status, message: reason }: Problem): void {
  log.info({ method, status, reason }, 'malformed request rejected')
}

function check(request: IncomingMessage): void {
  // A request line without a version is HTTP/0.9.
  if (request.httpVersionMajor !== 1) throw new Problem(505, 'Supported are HTTP/1.0 and HTTP/1.1.')
  request.url = targetOf(request)
  const { host: hosts = [], 'transfer-encoding': codings = [] } = request.headersDistinct
  if (hosts.length === 0 && request.httpVersionMinor > 0) throw new Problem(400, 'The header Host is missing.')
  if (hosts.length > 1 || !host.test(hosts[0] ?? '')) throw new Problem(400, 'The header Host is not well-formed.')
  if (codings.some((coding) => !/^chunked$/i.test(coding))) {
    throw new Problem(400, 'The only supported transfer coding is chunked.')
  }
  // RFC 9110, section 10.1.1: an HTTP/1.0 client does not know the header.
  const { expect } = request.headers
  if (expect !== undefined && request.httpVersionMinor > 0 && !/^100-continue$/i.test(expect)) {
    throw new Problem(417, 'The only supported expectation is 100-continue.')
  }
}

function targetOf({ url = '', method }: IncomingMessage): string {
  if (url.length > longestTarget) throw new Problem(414, `The request target may have at most ${longestTarget} bytes.`)
  if (url === '*' && method === 'OPTIONS') return url
  const [, authority = '', rest = ''] = absoluteForm.exec(url) ?? []
  if (authority !== '' && !host.test(authority)) throw malformedTarget()
  const target = authority === '' ? url : rest.replace(/^(?!\/)/, '/')
  if (!target.startsWith('/') || target.includes('#')) throw malformedTarget()
  try {
    // The router and the query parser keep a sequence that they cannot decode, and that text would be used.
    if (target.includes('%')) decodeURIComponent(target)
  } catch {
    throw new Problem(400, 'The percent-encoding of the request target is not well-formed.')
  }
  return target
}

const malformedTarget = (): Problem => new Problem(400, 'The request target is not well-formed.')
