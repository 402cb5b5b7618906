import type { IncomingMessage } from 'node:http'
import type { Context, Middleware } from 'koa'
import readBody from 'raw-body'
import { type InvalidJson, parseJson } from '../core/json-text.ts'
import { invalidField, Problem } from './problem.ts'

const withBody = new Set(['POST', 'PUT', 'PATCH'])

/**
 * Parses the JSON body of POST, PUT and PATCH into `ctx.request.body`.
 * @throws Problem 400, 413 or 415; 413 before the body is read if its Content-Length is too large
 */
export function jsonBody(limitBytes: number): Middleware {
  const tooLarge = (): Problem => new Problem(413, `The body may have at most ${limitBytes} bytes.`)
  const read = async (request: IncomingMessage, length: number | undefined): Promise<Buffer> => {
    try {
      return await readBody(request, { limit: limitBytes, length: length ?? null })
    } catch (error) {
      if ((error as { type?: string }).type === 'entity.too.large') throw tooLarge()
      throw new Problem(400, 'The body could not be read completely.')
    }
  }
  return async (ctx, next) => {
    if (!withBody.has(ctx.method)) {
      await next()
      return
    }
    if (!hasBody(ctx)) throw emptyBody()
    checkType(ctx)
    if ((ctx.request.length ?? 0) > limitBytes) throw tooLarge()
    if (ctx.req.headers.expect !== undefined && ctx.req.httpVersionMinor > 0) ctx.res.writeContinue()
    ;(ctx.request as { body?: unknown }).body = parse(await read(ctx.req, ctx.request.length))
    await next()
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

function parse(bytes: Buffer): unknown {
  try {
    return parseJson(bytes)
  } catch (error) {
    const { field, message } = error as InvalidJson
    throw field === undefined ? new Problem(400, `The body ${message}.`) : invalidField(field, message)
  }
}
