import { createServer, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Router } from '@koa/router'
import Koa from 'koa'
import { DependencyUnavailable, messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { ChassisMetrics } from '../core/metrics.ts'
import { type SpanEnd, traceparentOf, type Tracing, tracingOff } from '../core/tracing.ts'
import { respondEarly } from './early-response.ts'
import { jsonBody } from './json-body.ts'
import { Problem, unavailable } from './problem.ts'
import { rejectUnknownRoutes } from './routing.ts'

export interface ApiOptions {
  readonly router: Router
  readonly log: Log
  readonly metrics: Pick<ChassisMetrics, 'httpDuration'>
  /** Each request becomes a span; its `traceparent` is in `ctx.state.traceparent`. */
  readonly tracing?: Tracing
  /** Default: 64 KiB. */
  readonly bodyLimitBytes?: number
}

/** Each connection may buffer one body: 5,000 bodies of 64 KiB are about 320 MB of memory. */
const connectionLimit = 5_000

/**
 * An HTTP server for a router: JSON bodies up to the limit, every error as problem details without internal data, a
 * duration per route pattern, and time limits against slow clients.
 */
export function createApi(options: ApiOptions): Server {
  const { router, log, metrics, tracing = tracingOff, bodyLimitBytes = 65_536 } = options
  const app = new Koa()
  app.silent = true
  app.use(async (ctx, next) => {
    const started = performance.now()
    const span = tracing.start({ name: ctx.method, kind: 'server', parent: traceparentOf(ctx.get('traceparent')) })
    ctx.state['traceparent'] = span.traceparent
    ctx.set('x-content-type-options', 'nosniff')
    ctx.set('cache-control', 'no-store')
    try {
      await next()
    } catch (error) {
      respondWithProblem(ctx, error, log)
    }
    const labels = { method: ctx.method, route: String(ctx.state['route'] ?? 'none'), status: String(ctx.status) }
    metrics.httpDuration.observe(labels, (performance.now() - started) / 1000)
    span.end(spanEnd(labels))
    if (!ctx.req.complete) respondEarly(ctx)
  })
  app.use(rejectUnknownRoutes(router))
  app.use(jsonBody(bodyLimitBytes))
  app.use(router.routes())
  const handle = app.callback()
  const server = createServer(
    { keepAliveTimeout: 65_000, headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 },
    (request, response) => void handle(request, response),
  )
  server.maxConnections = connectionLimit
  server.maxRequestsPerSocket = 10_000
  // `jsonBody` sends "100 Continue" just before it reads the body; a request rejected earlier gets its final status only.
  server.on('checkContinue', (request, response) => void handle(request, response))
  server.on('clientError', respondToMalformed)
  return server
}

/** Attributes of OpenTelemetry's semantic conventions for HTTP, by which a 4xx is no error of a server span. */
function spanEnd({ method, route, status }: { method: string; route: string; status: string }): SpanEnd {
  const attributes = {
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': Number(status),
  }
  return { name: `${method} ${route}`, attributes, ...(Number(status) >= 500 && { failure: status }) }
}

function respondWithProblem(ctx: Koa.Context, error: unknown, log: Log): void {
  const problem = problemOf(error)
  if (problem.status === 500) {
    log.error({ method: ctx.method, path: ctx.path, reason: messageOf(error) }, 'request failed')
  }
  ctx.status = problem.status
  ctx.set({ ...problem.headers })
  ctx.body = JSON.stringify({ ...problem.body, instance: ctx.path })
  ctx.type = 'application/problem+json'
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof DependencyUnavailable) {
    return unavailable(`The ${error.dependency} did not respond in time, try again.`)
  }
  return new Problem(500, 'Internal error. It is not known whether the request took effect.')
}

/** Responds on the socket: the HTTP parser rejected the request, so there is no response object. */
function respondToMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const { status, body } = malformed(error.code)
  const text = JSON.stringify(body)
  socket.end(
    `HTTP/1.1 ${status} ${body.title}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  )
}

function malformed(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem(431, 'The headers of the request are too large.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem(408, 'The request was not sent in time.')
  return new Problem(400, 'The HTTP request is malformed.')
}
