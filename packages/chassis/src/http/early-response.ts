import type { Context } from 'koa'

/** Limits for reading and discarding the rest of a request after its response. Chosen, not measured. */
const discardLimit = { ms: 1_000, bytes: 4 * 1024 * 1024 }

/**
 * Sends the response of a request whose body has not been read completely, and closes the connection. Closing a socket
 * with unread bytes resets it, and the reset can reach a client that is still sending before the response does (RFC 9112,
 * section 9.6). So the response is sent at once and the connection closed when the client has finished, or at the limits.
 */
export function respondEarly(ctx: Context): void {
  const { req, res } = ctx
  const text = typeof ctx.body === 'string' || ctx.body == null ? (ctx.body ?? '') : JSON.stringify(ctx.body)
  ctx.respond = false
  ctx.set('connection', 'close')
  if (text !== '') ctx.set('content-length', String(Buffer.byteLength(text)))
  if (text !== '' && ctx.method !== 'HEAD') res.write(text)
  else res.flushHeaders()
  let left = discardLimit.bytes
  const count = (chunk: Buffer): void => {
    left -= chunk.length
    if (left < 0) end()
  }
  const end = (): void => {
    clearTimeout(timer)
    req.off('data', count).off('end', end).off('close', end).pause()
    res.end()
  }
  const timer = setTimeout(end, discardLimit.ms)
  req.on('data', count).on('end', end).on('close', end).resume()
}
