import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Log } from '../core/log.ts'
import { Problem } from './problem.ts'
import { logRejection } from './request-check.ts'

export interface ProtocolErrorOptions {
  readonly log: Log
  /** The response to a method that no route has. */
  readonly reject: (method: string, path: string) => { readonly route: string; readonly problem: Problem }
  /** Called for each response here, unless the request has a handler. */
  readonly onResponse: (labels: { method: string; route: string; status: string }) => void
}

interface Rejection {
  /** One of Node's methods, or `_OTHER` as in OpenTelemetry's conventions. */
  readonly method: string
  readonly route: string
  readonly problem: Problem
}

type ParserError = NodeJS.ErrnoException & {
  readonly reason?: string
  readonly bytesParsed?: number
  readonly rawPacket?: Buffer
}

/** How long a client may leave a connection open after the last response on it. Chosen, not measured. */
const lingerMs = 1_000

/** Responds with problem details where Node has no request to hand over: it would respond without a body, or not at all. */
export function respondToProtocolErrors(server: Server, { log, reject, onResponse }: ProtocolErrorOptions): void {
  const latest = new WeakMap<Duplex, { request: IncomingMessage; response: ServerResponse }>()
  const failed = new WeakSet<Duplex>()
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    server.prependListener(event, (request: IncomingMessage, response: ServerResponse) => {
      latest.set(request.socket, { request, response })
    })
  }
  const respondLast = (socket: Duplex, { method, route, problem }: Rejection): void => {
    if (!socket.writable) return
    respond(socket, problem)
    logRejection(log, method, problem)
    onResponse({ method, route, status: String(problem.status) })
  }

  server.on('clientError', (error: ParserError, socket: Duplex) => {
    // The parser reports each further packet as well.
    if (failed.has(socket)) return
    failed.add(socket)
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const { request, response } = latest.get(socket) ?? {}
    if (request !== undefined && response !== undefined && !request.complete) {
      const problem = problemOf(error)
      logRejection(log, request.method, problem)
      respondInstead(request, response, problem)
    } else {
      const rejection = rejectionOf(error, reject)
      // Responses are sent in the order of the requests.
      if (response === undefined || response.closed) respondLast(socket, rejection)
      else response.once('close', () => respondLast(socket, rejection))
    }
  })

  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy()).resume()
    respondLast(socket, { method: 'CONNECT', ...reject('CONNECT', '*') })
  })
}

/** The body of this request is malformed or late: its handler must not wait for the rest, and observes the request. */
function respondInstead(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
  const { headers, text } = messageOf(problem)
  if (!response.headersSent) response.writeHead(problem.status, headers).write(text)
  response.end(() => {
    // As Node does for a lost connection, but not once the response is complete.
    request.emit('aborted')
    endSoon(request.socket)
  })
}

function respond(socket: Duplex, problem: Problem): void {
  const { headers, text } = messageOf(problem)
  const lines = Object.entries({ ...headers, date: new Date().toUTCString() }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.write([`HTTP/1.1 ${problem.status} ${problem.body.title}`, ...lines, '', text].join('\r\n'))
  endSoon(socket)
}

function endSoon(socket: Duplex): void {
  socket.end()
  const limit = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(limit))
}

function messageOf(problem: Problem): { headers: Record<string, string>; text: string } {
  const text = JSON.stringify(problem.body)
  const headers = {
    ...problem.headers,
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(text)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  }
  return { headers, text }
}

function rejectionOf(error: ParserError, reject: ProtocolErrorOptions['reject']): Rejection {
  const [, method, path] = error.code === 'HPE_INVALID_METHOD' ? requestLineOf(error) : []
  const known = method === undefined || path === undefined ? undefined : reject(method, path)
  return { method: '_OTHER', ...(known ?? { route: 'none', problem: problemOf(error) }) }
}

/** Method and path of the request line at which the parser stopped; empty if it is not well-formed. */
function requestLineOf({ rawPacket, bytesParsed = 0 }: ParserError): readonly string[] {
  const text = rawPacket?.toString('latin1') ?? ''
  const line = text.slice(text.lastIndexOf('\n', bytesParsed - 1) + 1)
  return /^([\w!#$%&'*+.^`|~-]{1,40}) (\/[!-~]*?)(?:\?[!-~]*)? HTTP\/1\.[01]\r\n/.exec(line) ?? []
}

export const malformedRequest = (): Problem => new Problem(400, 'The HTTP request is malformed.')

function problemOf({ code, reason }: ParserError): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem(431, 'The request line and the headers are too large.')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Problem(413, 'The chunk extensions of the body are too large.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem(408, 'The request was not sent in time.')
    case 'HPE_PAUSED_H2_UPGRADE':
      return new Problem(505, 'Supported are HTTP/1.0 and HTTP/1.1.')
    default:
      return reason === 'Invalid HTTP version'
        ? new Problem(505, 'Supported are HTTP/1.0 and HTTP/1.1.')
        : malformedRequest()
  }
}
