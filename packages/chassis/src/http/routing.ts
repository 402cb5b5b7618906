import type { Router } from '@koa/router'
import type { Middleware } from 'koa'
import { Problem } from './problem.ts'

export interface RouteMatch {
  /** The route pattern; undefined if the path has no route. */
  readonly route: string | undefined
  /** Why the request is rejected: 404, or 405 with `Allow`; undefined if a route handles it. */
  readonly rejection?: Problem
}

/** Matches any method, also one that Node's parser does not know. The path `*` stands for the whole server. */
export function matchRoute(router: Router, method: string, path: string): RouteMatch {
  const { path: layers, pathAndMethod, route } = router.match(path, method)
  // Methods are case-sensitive (RFC 9110, section 9.1), which the router ignores.
  if (route && method === method.toUpperCase()) return { route: String(pathAndMethod.at(-1)?.path) }
  const offered = path === '*' ? router.stack : layers
  if (offered.length === 0) return { route: undefined, rejection: new Problem(404, `${path} does not exist.`) }
  const allow = [...new Set([...offered.flatMap((layer) => layer.methods), 'OPTIONS'])].toSorted().join(', ')
  const detail = `The method ${method} is not allowed; allowed: ${allow}.`
  return { route: layers.at(-1)?.path.toString(), rejection: new Problem(405, detail, { headers: { allow } }) }
}

/**
 * Responds to requests without a route before the body is read: 404, or 405 with `Allow`; 204 with `Allow` to OPTIONS. For
 * requests with a path of a route it sets `ctx.state.route` to the route pattern.
 */
export function rejectUnknownRoutes(router: Router): Middleware {
  return async (ctx, next) => {
    const { route, rejection } = matchRoute(router, ctx.method, ctx.path)
    if (route !== undefined) ctx.state['route'] = route
    if (rejection === undefined) {
      await next()
      return
    }
    if (ctx.method !== 'OPTIONS' || rejection.status !== 405) throw rejection
    ctx.set({ ...rejection.headers })
    ctx.status = 204
  }
}
