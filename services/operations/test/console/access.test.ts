import assert from 'node:assert/strict'
import { Router } from '@koa/router'
import { consoleAccess } from '../../src/console/access.ts'
import type { Console } from '../../src/console/console.ts'
import { addConsoleRoutes } from '../../src/console/console-routes.ts'

describe('access to the console', () => {
  it('has a rule for every route but the page and its files', () => {
    const router = new Router()
    addConsoleRoutes(router, {} as Console, { mode: 'full', check: undefined, newId: () => '' })
    const routes = router.stack.flatMap(({ methods, path }) =>
      methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${String(path)}`),
    )
    const isPage = (route: string): boolean => /^GET \/(console(\/[\w.-]+\.\w+)?)?$/.test(route)
    assert.deepEqual(routes.filter((route) => !isPage(route)).toSorted(), Object.keys(consoleAccess).toSorted())
  })
})
