import type { Router } from '@koa/router'
import type { Middleware } from 'koa'
import { Problem } from './problem.ts'

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/**
 * Answers what no route of the router is for, before anything of a body is read: 404, 405 with `Allow`, 501, and OPTIONS.
 * For the rest it leaves the pattern of the route in `ctx.state.route`.
 */
export function onlyRoutesOf(router: Router): Middleware {
  return async (ctx, next) => {
    if (!isDecodable(ctx.path)) throw new Problem(400, 'The percent-encoding of the path is not well-formed.')
    const { path, pathAndMethod, route } = router.match(ctx.path, ctx.method)
    if (route) {
      ctx.state['route'] = String(pathAndMethod.at(-1)?.path)
      await next()
      return
    }
    if (!knownMethods.has(ctx.method)) throw new Problem(501, `The method ${ctx.method} is not known here.`)
    if (path.length === 0) throw new Problem(404, `There is no ${ctx.path}.`)
    ctx.state['route'] = String(path.at(-1)?.path)
    const allow = [...new Set([...path.flatMap((layer) => layer.methods), 'OPTIONS'])].toSorted().join(', ')
    if (ctx.method !== 'OPTIONS') {
      throw new Problem(405, `The method ${ctx.method} is not offered here, but ${allow}.`, { headers: { allow } })
    }
    ctx.set('allow', allow)
    ctx.status = 204
  }
}

/** The router takes a segment it cannot decode as it is, under which name it would then be stored. */
function isDecodable(path: string): boolean {
  try {
    return decodeURIComponent(path) !== ''
  } catch {
    return false
  }
}
