import { bodyParser } from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import { Problem } from './problem.ts'

const withBody = new Set(['POST', 'PUT', 'PATCH'])

/**
 * Reads the body of a request that may have one into `ctx.request.body`, as what its JSON says. Every key is an own
 * property of its object, also `__proto__`, so that a strict schema refuses it by name.
 * @throws Problem 400, 413 or 415. A body is refused as early as it can be known to be too large, before it is read when
 * its length is declared.
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
        : new Problem(400, 'The body could not be read to its end.')
    },
  })
  return async (ctx, next) => {
    if (!withBody.has(ctx.method)) {
      await next()
      return
    }
    if (!hasBody(ctx)) throw empty()
    checkType(ctx)
    if ((ctx.request.length ?? 0) > limitBytes) throw tooLarge()
    if (ctx.req.headers.expect !== undefined) ctx.res.writeContinue()
    await readText(ctx, async () => {
      ctx.request.body = parsed(ctx.request.body)
      await next()
    })
  }
}

const empty = (): Problem => new Problem(400, 'The body must be JSON, and is empty.')

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

function parsed(text: unknown): unknown {
  if (typeof text !== 'string' || text.trim() === '') throw empty()
  // What the decoder puts in the place of bytes that are no UTF-8.
  if (text.includes('\u{fffd}')) throw new Problem(400, 'The body must be JSON in UTF-8.')
  try {
    return JSON.parse(text)
  } catch {
    throw new Problem(400, 'The body is no well-formed JSON.')
  }
}
