import type { Context } from 'koa'

/** After an answer that came before its request was whole, the rest is read and thrown away up to these limits. */
const rest = { ms: 1_000, bytes: 4 * 1024 * 1024 }

/**
 * Sends the answer of a request that has not been read to its end, and closes the connection. A socket that is closed
 * with unread bytes is reset, and the reset can overtake the answer at a client that is still sending: so the answer goes
 * out at once, and the end comes when the client has stopped, or at the limits.
 */
export function answerEarly(ctx: Context): void {
  const { req, res } = ctx
  const text = typeof ctx.body === 'string' || ctx.body == null ? (ctx.body ?? '') : JSON.stringify(ctx.body)
  ctx.respond = false
  ctx.set('connection', 'close')
  if (text !== '') ctx.set('content-length', String(Buffer.byteLength(text)))
  if (text !== '' && ctx.method !== 'HEAD') res.write(text)
  else res.flushHeaders()
  let left = rest.bytes
  const count = (chunk: Buffer): void => {
    left -= chunk.length
    if (left < 0) end()
  }
  const end = (): void => {
    clearTimeout(timer)
    req.off('data', count).off('end', end).off('close', end).pause()
    res.end()
  }
  const timer = setTimeout(end, rest.ms)
  req.on('data', count).on('end', end).on('close', end).resume()
}
