import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { alertRules, type CheckedQuery, checkQueries, failures, summarize } from '@order-saga/monitoring'

interface Behaviour {
  /** Values a query finds; undefined: it is refused. */
  readonly find: (query: string) => readonly string[] | undefined
  readonly alerts: readonly string[]
  readonly health?: string
  readonly namespaces?: readonly string[]
  readonly releases?: readonly string[]
}

const allAlerts = alertRules().map(({ alert }) => alert)
const well: Behaviour = { find: () => ['NaN', '1'], alerts: allAlerts }

describe('The check of all queries', () => {
  let behaviour: Behaviour
  let server: Server

  before(async () => {
    server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://prometheus')
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answer(pathname, searchParams.get('query') ?? '', behaviour)))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => server.close())

  async function check(
    changed: Partial<Behaviour>,
    without: readonly string[] = [],
    release?: string,
  ): Promise<CheckedQuery[]> {
    behaviour = { ...well, ...changed }
    const { port } = server.address() as AddressInfo
    return await checkQueries({ prometheusUrl: `http://127.0.0.1:${port}`, namespace: 'orders', release, without })
  }

  it('passes when every query returns a number', async () => {
    const checked = await check({})
    assert.deepEqual(failures(checked), [])
    assert.ok(checked.length > 100)
    assert.match(summarize(checked), /^\d+ queries: \d+ found$/)
    for (const { query } of checked) assert.doesNotMatch(query, /[$<]\w/, 'variables and placeholders are filled in')
  })

  it('reports a query that returns nothing or only NaN, with the panel and the query', async () => {
    for (const nothing of [[], ['NaN', '+Inf']]) {
      const checked = await check({ find: (query) => (query.includes('saga_past_deadline') ? nothing : ['1']) })
      const wrong = failures(checked)
      assert.equal(wrong.length, 2, wrong.join('\n'))
      assert.match(
        wrong[0] ?? '',
        /Past their deadline: empty[^]*saga_past_deadline\{namespace="orders", release="shop"\}/,
      )
      assert.match(wrong[1] ?? '', /^OrderSagaPastDeadline: empty/)
    }
  })

  it('reports a rejected query with the answer of Prometheus', async () => {
    const wrong = failures(await check({ find: (query) => (query.includes('db_pool_waiting') ? undefined : ['1']) }))
    assert.match(wrong.join('\n'), /Waiting for a connection: refused parse error/)
  })

  it('accepts declared empty queries, and those of an absent exporter', async () => {
    const nothingOf = (pattern: RegExp) => (query: string) => (pattern.test(query) ? [] : ['1'])
    assert.deepEqual(failures(await check({ find: nothingOf(/kube_|container_/) })), [])
    assert.notDeepEqual(failures(await check({ find: nothingOf(/cnpg_/) })), [])
    assert.deepEqual(failures(await check({ find: nothingOf(/cnpg_/) }, ['CloudNativePG'])), [])
  })

  it('checks the release that is given, which must be there if there are several', async () => {
    await assert.rejects(check({ releases: ['shop', 'b'] }), /Choose a release of the namespace orders: shop, b\./)
    await assert.rejects(
      check({ releases: ['shop', 'b'] }, [], 'c'),
      /Choose a release of the namespace orders: shop, b\./,
    )
    const checked = await check({ releases: ['shop', 'b'] }, [], 'b')
    assert.ok(checked.some(({ query }) => query.includes('saga_past_deadline{namespace="orders", release="b"}')))
  })

  it('fails when an alert is not loaded or fails, or the namespace is missing', async () => {
    await assert.rejects(
      check({ alerts: allAlerts.slice(1) }),
      new RegExp(`not loaded these alerts: ${allAlerts[0]}\\.`),
    )
    await assert.rejects(check({ health: 'err' }), /Rules fail: OrderSaga\w+ \(many-to-many/)
    await assert.rejects(check({ namespaces: ['shop'] }), /does not include orders, but shop/)
  })
})

function answer(
  path: string,
  query: string,
  { find, alerts, health = 'ok', namespaces = ['orders'], releases = ['shop'] }: Behaviour,
): object {
  if (path.startsWith('/api/v1/label/release')) return { status: 'success', data: releases }
  if (path.startsWith('/api/v1/label/')) return { status: 'success', data: namespaces }
  if (path === '/api/v1/rules') {
    const rules = alertRules()
      .filter(({ alert }) => alerts.includes(alert))
      .map(({ alert, expr }) => ({
        name: alert,
        query: expr
          .replaceAll('<strandedRetries>', 'up{namespace="<namespace>"}')
          .replaceAll('<namespace>', 'orders')
          .replaceAll(/<\w+>/g, '1'),
        health,
        lastError: health === 'ok' ? undefined : 'many-to-many matching',
        type: 'alerting',
      }))
    return { status: 'success', data: { groups: [{ name: 'order-saga-outcomes', rules }] } }
  }
  const values = find(query)
  if (values === undefined) return { status: 'error', error: 'parse error' }
  return { status: 'success', data: { result: [{ values: values.map((value, i) => [i, value]) }] } }
}
