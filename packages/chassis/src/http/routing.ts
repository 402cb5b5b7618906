import type { Router } from '@koa/router'
import type { Middleware } from 'koa'
import { Problem } from './problem.ts'

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/**
 * Responds to requests without a route before the body is read: 404, 405 with `Allow`, 501; also to OPTIONS. For other
 * requests it sets `ctx.state.route` to the route pattern.
 */
export function rejectUnknownRoutes(router: Router): Middleware {
  return async (ctx, next) => {
    if (!isDecodable(ctx.path)) throw new Problem(400, 'The percent-encoding of the path is not well-formed.')
    const { path, pathAndMethod, route } = router.match(ctx.path, ctx.method)
    if (route) {
      ctx.state['route'] = String(pathAndMethod.at(-1)?.path)
      await next()
      return
    }
    if (!knownMethods.has(ctx.method)) throw new Problem(501, `The method ${ctx.method} is not implemented.`)
    if (path.length === 0) throw new Problem(404, `${ctx.path} does not exist.`)
    ctx.state['route'] = String(path.at(-1)?.path)
    const allow = [...new Set([...path.flatMap((layer) => layer.methods), 'OPTIONS'])].toSorted().join(', ')
    if (ctx.method !== 'OPTIONS') {
      throw new Problem(405, `The method ${ctx.method} is not allowed; allowed: ${allow}.`, { headers: { allow } })
    }
    ctx.set('allow', allow)
    ctx.status = 204
  }
}

/** The router passes a segment that it cannot decode on unchanged, and that text would be stored. */
function isDecodable(path: string): boolean {
  try {
    return decodeURIComponent(path) !== ''
  } catch {
    return false
  }
}
