import { createServer, type Server } from 'node:http'
import type { Router } from '@koa/router'
import Koa, { type Middleware } from 'koa'
import { DependencyUnavailable, messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { ChassisMetrics } from '../core/metrics.ts'
import { type SpanEnd, traceparentOf, type Tracing, tracingOff } from '../core/tracing.ts'
import { respondEarly } from './early-response.ts'
import { jsonBody } from './json-body.ts'
import { Problem, unavailable } from './problem.ts'
import { malformedRequest, respondToProtocolErrors } from './protocol-errors.ts'
import { checkRequest } from './request-check.ts'
import { matchRoute, rejectUnknownRoutes } from './routing.ts'

export interface ApiOptions {
  readonly router: Router
  readonly log: Log
  /** Without it requests are not measured. */
  readonly metrics?: Pick<ChassisMetrics, 'httpDuration'>
  /** Each request becomes a span; its `traceparent` is in `ctx.state.traceparent`. */
  readonly tracing?: Tracing
  /** Decides, before the body is read, whether the caller may use the route; without it everybody may. */
  readonly access?: Middleware | undefined
  /** Default: 64 KiB. */
  readonly bodyLimitBytes?: number
}

interface Labels {
  readonly method: string
  readonly route: string
  readonly status: string
}

/** Each connection may buffer one body: 5,000 bodies of 64 KiB are about 320 MB of memory. */
const connectionLimit = 5_000
const requestsPerConnection = 10_000

/**
 * An HTTP server for a router: JSON bodies up to the limit, every error as problem details without internal data, a
 * duration per route pattern, and time limits against slow clients.
 */
export function createApi(options: ApiOptions): Server {
  const { router, log, metrics, tracing = tracingOff, access, bodyLimitBytes = 65_536 } = options
  const observe = (labels: Labels, ms: number): void => metrics?.httpDuration.observe({ ...labels }, ms / 1000)
  const app = new Koa()
  app.silent = true
  app.use(async (ctx, next) => {
    const started = performance.now()
    const span = tracing.start({ name: ctx.method, kind: 'server', parent: traceparentOf(ctx.get('traceparent')) })
    ctx.state['traceparent'] = span.traceparent
    ctx.set('x-content-type-options', 'nosniff')
    ctx.set('cache-control', 'no-store')
    try {
      checkRequest(ctx.req, log)
      await next()
    } catch (error) {
      respondWithProblem(ctx, error, log)
    }
    const labels = { method: ctx.method, route: String(ctx.state['route'] ?? 'none'), status: String(ctx.status) }
    observe(labels, performance.now() - started)
    span.end(spanEnd(labels))
    if (!ctx.req.complete && !ctx.headerSent) respondEarly(ctx)
  })
  app.use(rejectUnknownRoutes(router))
  if (access !== undefined) app.use(access)
  app.use(jsonBody(bodyLimitBytes))
  app.use(router.routes())
  const handle = app.callback()
  const server = createServer(
    {
      keepAliveTimeout: 65_000,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
      // Node would respond without a body: `checkRequest` responds.
      requireHostHeader: false,
    },
    (request, response) => void handle(request, response),
  )
  server.maxConnections = connectionLimit
  limitRequests(server)
  // `jsonBody` sends "100 Continue" just before it reads the body; a request rejected earlier gets its final status only.
  server.on('checkContinue', (request, response) => void handle(request, response))
  server.on('checkExpectation', (request, response) => void handle(request, response))
  respondToProtocolErrors(server, {
    log,
    reject: (method, path) => {
      const { route = 'none', rejection = malformedRequest() } = matchRoute(router, method, path)
      return { route, problem: rejection }
    },
    onResponse: (labels) => observe(labels, 0),
  })
  return server
}

/** Ends a connection with its last response. Not Node's `maxRequestsPerSocket`: it answers pipelined requests with 503. */
function limitRequests(server: Server): void {
  const left = new WeakMap<object, number>()
  server.prependListener('request', ({ socket }, response) => {
    const remaining = (left.get(socket) ?? requestsPerConnection) - 1
    left.set(socket, remaining)
    if (remaining <= 0) response.setHeader('connection', 'close')
  })
}

/** Attributes of OpenTelemetry's semantic conventions for HTTP, by which a 4xx is no error of a server span. */
function spanEnd({ method, route, status }: Labels): SpanEnd {
  const attributes = {
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': Number(status),
  }
  return { name: `${method} ${route}`, attributes, ...(Number(status) >= 500 && { failure: status }) }
}

function respondWithProblem(ctx: Koa.Context, error: unknown, log: Log): void {
  const problem = problemOf(error)
  const { method } = ctx
  // Not `ctx.path`: it throws for a target that is no URL.
  const [instance = ''] = (ctx.req.url ?? '').split('?')
  if (problem.status === 500) log.error({ method, path: instance, reason: messageOf(error) }, 'request failed')
  ctx.status = problem.status
  ctx.set({ ...problem.headers })
  ctx.body = JSON.stringify({ ...problem.body, ...(instance.startsWith('/') && { instance }) })
  ctx.type = 'application/problem+json'
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof DependencyUnavailable) {
    return unavailable(`The ${error.dependency} did not respond in time, try again.`)
  }
  return new Problem(500, 'Internal error. It is not known whether the request took effect.')
}
