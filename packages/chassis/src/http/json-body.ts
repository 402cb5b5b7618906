import { bodyParser } from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import { Problem } from './problem.ts'

const withBody = new Set(['POST', 'PUT', 'PATCH'])

/**
 * Parses the JSON body of POST, PUT and PATCH into `ctx.request.body`. `JSON.parse` makes `__proto__` an own property, so
 * a strict schema rejects it.
 * @throws Problem 400, 413 or 415; 413 before the body is read if its Content-Length is too large
 */
export function jsonBody(limitBytes: number): Middleware {
  const tooLarge = (): Problem => new Problem(413, `The body may have at most ${limitBytes} bytes.`)
  const readText = bodyParser({
    enableTypes: ['text'],
    extendTypes: { text: ['application/json'] },
    textLimit: `${limitBytes}b`,
    encoding: 'utf-8',
    onError: (error) => {
      throw 'status' in error && error.status === 413
        ? tooLarge()
        : new Problem(400, 'The body could not be read completely.')
    },
  })
  return async (ctx, next) => {
    if (!withBody.has(ctx.method)) {
      await next()
      return
    }
    if (!hasBody(ctx)) throw emptyBody()
    checkType(ctx)
    if ((ctx.request.length ?? 0) > limitBytes) throw tooLarge()
    if (ctx.req.headers.expect !== undefined) ctx.res.writeContinue()
    await readText(ctx, async () => {
      ctx.request.body = parse(ctx.request.body)
      await next()
    })
  }
}

const emptyBody = (): Problem => new Problem(400, 'The body must be JSON, and is empty.')

function hasBody(ctx: Context): boolean {
  return ctx.req.headers['transfer-encoding'] !== undefined || (ctx.request.length ?? 0) > 0
}

function checkType(ctx: Context): void {
  if (ctx.is('application/json') === false) throw new Problem(415, 'The body must be application/json.')
  if (!/^(utf-?8)?$/i.test(ctx.request.charset)) throw new Problem(415, 'The body must be JSON in UTF-8.')
  if (!/^(identity)?$/i.test(ctx.get('content-encoding'))) {
    throw new Problem(415, 'The body must not be compressed.', { headers: { 'accept-encoding': 'identity' } })
  }
}

function parse(text: unknown): unknown {
  if (typeof text !== 'string' || text.trim() === '') throw emptyBody()
  // U+FFFD: the decoder's replacement for invalid UTF-8.
  if (text.includes('\u{fffd}')) throw new Problem(400, 'The body must be JSON in UTF-8.')
  try {
    return JSON.parse(text)
  } catch {
    throw new Problem(400, 'The body is not well-formed JSON.')
  }
}
