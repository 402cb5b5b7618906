import type { Context, Middleware } from 'koa'
import type { Counter } from 'prom-client'
import type { Log } from '../../core/log.ts'
import { AccessDenied } from './access-denied.ts'
import type { Caller } from './caller.ts'
import type { CallerLimit } from './caller-limit.ts'

/** Who may use a route: callers with one of the scopes. */
export interface AccessRule {
  readonly scopes: readonly string[]
  /** Whether a token with an owner may be used; the route then limits it to the data of that owner. */
  readonly owners: boolean
}

/** The rule of each route, by method and route pattern: `GET /orders/:orderId`. A public route accepts requests without a token. */
export type AccessRules = Readonly<Record<string, AccessRule | 'public'>>

export interface RequireAccessOptions {
  readonly verify: (token: string) => Promise<Caller>
  readonly rules: AccessRules
  readonly events: SecurityEvents
  /** Without it callers are not limited. */
  readonly limit?: CallerLimit | undefined
}

/**
 * Lets a request pass if the rule of its route accepts its token, before the body is read. A route without a rule accepts
 * none. HEAD has the rule of GET.
 * @throws AccessDenied, also recorded as a security event; Problem 429 at the caller's limit; DependencyUnavailable as the
 * verification does
 */
export function requireAccess({ verify, rules, events, limit }: RequireAccessOptions): Middleware {
  return async (ctx, next) => {
    const rule = rules[`${ctx.method === 'HEAD' ? 'GET' : ctx.method} ${String(ctx.state['route'])}`]
    if (rule === 'public') {
      await next()
      return
    }
    try {
      const caller = await verify(tokenOf(ctx))
      ctx.state['caller'] = caller
      await limit?.count(caller)
      checkRule(caller, rule)
    } catch (error) {
      if (error instanceof AccessDenied) events.denied(ctx, error)
      throw error
    }
    await next()
  }
}

/** @throws AccessDenied if the rule does not accept the caller */
export function checkRule({ scopes, owner }: Caller, rule: AccessRule | undefined): void {
  if (rule === undefined) throw AccessDenied.noRule()
  if (!rule.scopes.some((scope) => scopes.has(scope))) throw AccessDenied.insufficientScope(rule.scopes)
  if (owner !== undefined && !rule.owners) throw AccessDenied.ownerNotAllowed()
}

/** The token of the header Authorization (RFC 6750, section 2.1). */
function tokenOf(ctx: Context): string {
  const values = ctx.req.headersDistinct['authorization'] ?? []
  if (values.length > 1) throw AccessDenied.invalidToken('malformed', 'The header Authorization must be given once.')
  const [, scheme = '', token = ''] = /^(\S*) *(.*?) *$/.exec(values[0] ?? '') ?? []
  if (!/^bearer$/i.test(scheme)) throw AccessDenied.noToken()
  if (!/^[\w.~+/-]+=*$/.test(token))
    throw AccessDenied.invalidToken('malformed', 'The token after Bearer is not well-formed.')
  return token
}

/** Lines per second at most: a flood of requests with invalid tokens must not flood the log. Chosen. */
const linesPerSecond = 20

/** Records denied requests: each in the metric, and in the log up to a number of lines per second. */
export class SecurityEvents {
  readonly #log: Log
  readonly #denied: Counter<'reason'>
  #second = 0
  #lines = 0
  #omitted = 0

  constructor(log: Log, denied: Counter<'reason'>) {
    this.#log = log
    this.#denied = denied
  }

  denied(ctx: Context, { reason, status }: AccessDenied): void {
    this.#denied.inc({ reason })
    const second = Math.trunc(performance.now() / 1_000)
    if (second !== this.#second) [this.#second, this.#lines] = [second, 0]
    this.#lines += 1
    if (this.#lines > linesPerSecond) {
      this.#omitted += 1
      return
    }
    const caller = ctx.state['caller'] as Caller | undefined
    const line = {
      reason,
      status,
      method: ctx.method,
      route: String(ctx.state['route'] ?? 'none'),
      client: ctx.req.socket.remoteAddress,
      ...(caller && { issuer: caller.issuer, subject: caller.subject }),
      ...(this.#omitted > 0 && { omittedLines: this.#omitted }),
    }
    this.#omitted = 0
    this.#log.warn(line, 'access denied')
  }
}
