import type { Context } from 'koa'

/** The sender of a request, as its verified token names it. */
export interface Caller {
  readonly issuer: string
  readonly subject: string
  readonly scopes: ReadonlySet<string>
  /** The owner to whose data the token is limited; undefined for the token of a service or an operator. */
  readonly owner: string | undefined
}

/** The caller of a request; undefined where the API identifies no callers (`AUTH_MODE=none`). */
export function callerOf(ctx: Context): Caller | undefined {
  return ctx.state['caller'] as Caller | undefined
}
