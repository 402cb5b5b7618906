import { createServer, type Server } from 'node:http'
import { bodyParser } from '@koa/bodyparser'
import type Router from '@koa/router'
import Koa from 'koa'
import { DependencyUnavailable, messageOf } from '../runtime/errors.ts'
import type { Log } from '../runtime/log.ts'
import type { ChassisMetrics } from '../runtime/metrics.ts'
import { Problem, unavailable } from './problem.ts'

export interface ApiOptions {
  readonly router: Router
  readonly log: Log
  readonly metrics: ChassisMetrics
  /** Largest request body. */
  readonly bodyLimitBytes?: number
}

/**
 * An HTTP server for a router: JSON bodies up to the limit, every refusal and failure as problem details, a duration per
 * route pattern, and time limits against slow clients. Nothing internal is ever answered.
 */
export function createApi(options: ApiOptions): Server {
  const { router, log, metrics, bodyLimitBytes = 65_536 } = options
  const app = new Koa()
  app.silent = true
  app.use(async (ctx, next) => {
    const started = process.hrtime.bigint()
    try {
      ctx.set('x-content-type-options', 'nosniff')
      ctx.set('cache-control', 'no-store')
      await next()
      if (ctx.status === 404 && ctx.body === undefined) throw new Problem(404, 'Not found', `There is no ${ctx.path}.`)
    } catch (error) {
      answer(ctx, problemOf(error), error, log)
    } finally {
      const route = (ctx as { _matchedRoute?: unknown })._matchedRoute
      const labels = {
        method: ctx.method,
        route: typeof route === 'string' ? route : 'none',
        status: String(ctx.status),
      }
      metrics.httpDuration.observe(labels, Number(process.hrtime.bigint() - started) / 1e9)
    }
  })
  app.use(async (ctx, next) => {
    const hasBody = (ctx.request.length ?? 0) > 0 || ctx.get('transfer-encoding') !== ''
    if (hasBody && ctx.method !== 'GET' && ctx.method !== 'HEAD' && ctx.is('application/json') === false) {
      throw new Problem(415, 'Unsupported media type', 'The body must be application/json.')
    }
    await next()
  })
  app.use(
    bodyParser({
      enableTypes: ['json'],
      jsonLimit: bodyLimitBytes,
      encoding: 'utf-8',
      onError: (error) => {
        throw bodyProblem(error as Error & { status?: number; type?: string }, bodyLimitBytes)
      },
    }),
  )
  app.use(router.routes())
  app.use(
    router.allowedMethods({
      throw: true,
      methodNotAllowed: () =>
        new Problem(405, 'Method not allowed', 'This method is not offered here; see the Allow header.'),
      notImplemented: () => new Problem(501, 'Not implemented', 'This method is not known.'),
    }),
  )
  const handle = app.callback()
  const server = createServer(
    { keepAliveTimeout: 65_000, headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 },
    (request, response) => {
      void handle(request, response)
    },
  )
  server.maxRequestsPerSocket = 10_000
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
    const body = JSON.stringify({
      type: 'about:blank',
      title: 'Bad request',
      status,
      detail: 'This is no well-formed HTTP request.',
    })
    socket.end(
      `HTTP/1.1 ${status} Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    )
  })
  return server
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof DependencyUnavailable)
    return unavailable(`The ${error.dependency} cannot be reached, try again.`)
  const status = (error as { status?: unknown }).status
  if (status === 400) return new Problem(400, 'Bad request', 'The request could not be read.')
  return new Problem(
    500,
    'Internal error',
    'Something went wrong here. Nothing of the request is known to have taken effect.',
  )
}

function bodyProblem(error: Error & { status?: number; type?: string }, limit: number): Problem {
  if (error.status === 413 || error.type === 'entity.too.large') {
    return new Problem(413, 'Content too large', `The body may have at most ${limit} bytes.`, {
      headers: { connection: 'close' },
    })
  }
  if (error.status === 415) return new Problem(415, 'Unsupported media type', 'The body must be JSON in UTF-8.')
  return new Problem(400, 'Malformed JSON', 'The body is no well-formed JSON object.')
}

function answer(ctx: Koa.Context, problem: Problem, error: unknown, log: Log): void {
  if (problem.status >= 500 && !(error instanceof Problem) && !(error instanceof DependencyUnavailable)) {
    log.error({ method: ctx.method, path: ctx.path, reason: messageOf(error) }, 'request failed')
  }
  ctx.status = problem.status
  ctx.set({ ...problem.headers })
  if (problem.status === 413 && ctx.req.readable) ctx.req.unpipe()
  ctx.body = JSON.stringify({
    type: 'about:blank',
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    instance: ctx.path,
    ...problem.extra,
  })
  ctx.type = 'application/problem+json'
}
