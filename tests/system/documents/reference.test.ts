import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { Router } from '@koa/router'
import { catalogue, type EventType } from '@order-saga/contracts'
import { documentedMetrics, recordedMetrics } from '@order-saga/monitoring'
import { createStockRouter } from '../../../services/inventory/src/http/stock.ts'
import { addConsoleRoutes } from '../../../services/operations/src/console/console-routes.ts'
import { createOrderRouter } from '../../../services/order/src/http/orders.ts'
import { settingsReference } from './settings-reference.ts'

const pageUrl = (name: string): URL => new URL(`../../../docs/${name}`, import.meta.url)
const page = (name: string): string => readFileSync(pageUrl(name), 'utf8')

/** The routers are inspected, never called, so they need no dependencies. */
const none = {} as never

function routesOf(...routers: Router[]): string[] {
  const routes = routers.flatMap(({ stack }) =>
    stack.flatMap(({ methods, path }) => methods.map((method) => `${method} ${String(path)}`)),
  )
  return routes.filter((route) => !route.startsWith('HEAD ') && !/\.(js|css|svg)$/.test(route)).toSorted()
}

/** The headings that name a route, such as "### `GET /orders/{orderId}`"; query parameters are left out. */
function documentedRoutes(name: string): string[] {
  const headings = [...page(name).matchAll(/^### `((?:GET|POST|PUT) [^`?]+)/gm)]
  return headings.map(([, route = '']) => route.replaceAll(/\{(\w+)\}/g, ':$1')).toSorted()
}

describe('docs/architecture.md', () => {
  it('lists every event with its publisher and consumers', () => {
    const expected = (catalogue as readonly EventType[]).map(({ name, publishedBy, consumedBy }) => [
      `\`${name}\``,
      publishedBy,
      consumedBy.join(', '),
    ])
    const [, table = ''] = page('architecture.md').split(/^\| Routing key .*\n.*\n/m)
    const rows = table.split('\n\n')[0]?.trim().split('\n') ?? []
    const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()))
    assert.deepEqual(
      cells.map((row) => row.slice(1, 4)),
      expected,
    )
  })
})

describe('docs/http-api.md', () => {
  it('has a section for every route of the order API and the stock API', () => {
    const order = createOrderRouter(none)
    const stock = createStockRouter(none)
    assert.deepEqual(documentedRoutes('http-api.md'), routesOf(order, stock))
  })
})

describe('docs/console.md', () => {
  it('has a section for every route of the console', () => {
    const router = new Router()
    addConsoleRoutes(router, none, { mode: 'full', check: undefined, newId: none })
    assert.deepEqual(documentedRoutes('console.md'), routesOf(router))
  })
})

describe('docs/metrics.md', () => {
  it('explains every metric of the system in the list beside its table', () => {
    const own = documentedMetrics().filter(({ from }) => from !== 'all')
    const recorded = recordedMetrics().map((name) => name.replace(/(?<=:)rate\w+$/, '…'))
    assert.deepEqual(
      [...page('metrics.md').matchAll(/^- `([a-z_:…]+)`: /gm)].map(([, name]) => name),
      [...new Set([...own.map(({ name }) => name), ...recorded])],
    )
  })
})

describe('docs/configuration.md', () => {
  it('describes every setting as its schema does', () => {
    const [begin, end] = ['<!-- settings: generated -->\n\n', '\n\n<!-- settings: end -->']
    const [before = '', written = '', after = ''] = page('configuration.md').split(new RegExp(`${begin}|${end}`))
    const expected = settingsReference()
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(pageUrl('configuration.md'), `${before}${begin}${expected}${end}${after}`)
      return
    }
    assert.equal(
      written,
      expected,
      'UPDATE_DOCS=1 npx mocha tests/system/documents/reference.test.ts writes the settings anew',
    )
  })
})
