import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { catalogue, type EventType } from '@order-saga/contracts'
import { createStockRouter } from '../../../services/inventory/src/http/stock.ts'
import { addConsoleRoutes } from '../../../services/operations/src/console/console-routes.ts'
import { createOrderRouter } from '../../../services/order/src/http/orders.ts'
import { settingsTable } from './settings-table.ts'

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')

/** The routers are only looked at. */
const unused = undefined as never

/** The rows of the first table whose heading line starts as given, each as its trimmed cells. */
function tableUnder(heading: string): string[][] {
  const lines = readme.split('\n')
  const first = lines.findIndex((line) => line.startsWith(heading))
  assert.notEqual(first, -1, `the README has no table that starts with "${heading}"`)
  const rows: string[][] = []
  for (const line of lines.slice(first + 2)) {
    if (!line.startsWith('|')) break
    rows.push(
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  }
  return rows
}

describe('the README', () => {
  it('lists every event with who publishes and who consumes it', () => {
    const expected = (catalogue as readonly EventType[]).map(({ name, publishedBy, consumedBy }) => [
      `\`${name}\``,
      publishedBy,
      consumedBy.join(', '),
    ])
    const rows = tableUnder('| Routing key').map((cells) => cells.slice(0, 3))
    assert.deepEqual(rows, expected)
  })

  it('lists every route of the APIs and of the console', () => {
    const order = createOrderRouter({ accept: unused, database: unused, now: unused })
    addConsoleRoutes(order, unused, { mode: 'full', token: '', newId: unused })
    const stock = createStockRouter({ database: unused, now: unused })
    const routes = [...order.stack, ...stock.stack]
      .flatMap(({ methods, path }) => methods.map((method) => `${method} ${String(path)}`))
      .filter((route) => !route.startsWith('HEAD ') && !/\.(js|css|svg)$/.test(route))
    const listed = tableUnder('| Service ').flatMap(([, cell = '']) =>
      [...cell.matchAll(/`((?:GET|POST|PUT) [^`?]+)/g)].map(([, route = '']) =>
        route.replaceAll(/\{(\w+)\}/g, ':$1').trim(),
      ),
    )
    assert.deepEqual(listed.toSorted(), routes.toSorted())
  })

  it('lists every setting with its services, default, range and meaning', () => {
    const expected = settingsTable()
    assert.deepEqual(
      tableUnder('| Variable'),
      expected,
      `the table should be:\n${expected.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`,
    )
  })
})
