import { createHash, timingSafeEqual } from 'node:crypto'
import { Problem } from '@order-saga/chassis'
import type { Context, Next } from 'koa'

export interface Access {
  readonly mode: 'read-only' | 'full'
  /** Empty: reading requires no token. */
  readonly token: string
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * Lets a request read if it has the token, or none is configured.
 * @throws Problem 401
 */
export function mayRead({ token }: Access) {
  const expected = digest(token)
  return async (ctx: Context, next: Next): Promise<void> => {
    const [, given = ''] = /^Bearer +(\S+) *$/i.exec(ctx.get('authorization')) ?? []
    if (token !== '' && !timingSafeEqual(digest(given), expected)) {
      throw new Problem(401, 'The console requires its token (ADMIN_TOKEN): send it as Authorization: Bearer.', {
        headers: { 'www-authenticate': 'Bearer realm="console"' },
      })
    }
    await next()
  }
}

/**
 * Lets a request change something in mode `full`; to be used after `mayRead`.
 * @throws Problem 403
 */
export function mayAct({ mode }: Access) {
  return async (_: Context, next: Next): Promise<void> => {
    if (mode !== 'full')
      throw new Problem(403, 'The console is read-only: replay, discard and release require CONSOLE=full.')
    await next()
  }
}
