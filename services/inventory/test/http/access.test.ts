// needs: database
import assert from 'node:assert/strict'
import type { AccessRule } from '@order-saga/chassis'
import { LocalIssuer } from '@order-saga/dev'
import { accessTo, badCallers, bearer } from '@order-saga/tests/support/tokens'
import { stockAccess } from '../../src/http/access-rules.ts'
import { StockApi } from './stock-api.ts'

const rules = Object.entries(stockAccess).filter((each): each is [string, AccessRule] => each[1] !== 'public')

const bodies: Record<string, unknown> = { 'PUT /stock/:sku': { available: 5 }, 'GET /stock/:sku': undefined }

describe('access to the stock API', () => {
  let api: StockApi
  let issuer: LocalIssuer
  before(async () => {
    issuer = await LocalIssuer.start()
    api = await StockApi.start('stock_access', { access: accessTo(issuer) })
    await send('PUT /stock/:sku', bearer(await issuer.token({ scope: 'stock:write' })))
  })
  after(async () => {
    await api.close()
    await issuer.close()
  })

  const send = (route: string, headers: Record<string, string>) =>
    api.send(route.split(' ')[0]!, 'SKU-1', bodies[route], headers)

  it('has a rule for every route', () => {
    assert.deepEqual(api.routes.toSorted(), Object.keys(stockAccess).toSorted())
    assert.deepEqual(Object.keys(bodies).toSorted(), rules.map(([route]) => route).toSorted())
  })

  it('refuses every caller without a valid token', async () => {
    for (const [what, headers] of await badCallers(issuer)) {
      for (const [route] of rules) {
        const answer = await send(route, headers)
        assert.equal(answer.status, 401, `${what}: ${route}`)
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer realm="order-saga"/)
      }
    }
  })

  it('accepts exactly the scopes of each route, and never a customer', async () => {
    for (const [route, { scopes }] of rules) {
      for (const scope of ['orders:create', 'orders:read', 'stock:write', 'operate', '']) {
        const [ofService, ofCustomer] = [await issuer.token({ scope }), await issuer.token({ scope, customer: 'ann' })]
        assert.equal(
          (await send(route, bearer(ofService))).status,
          scopes.includes(scope) ? 200 : 403,
          `${route} ${scope}`,
        )
        assert.equal((await send(route, bearer(ofCustomer))).status, 403, `${route} ${scope}`)
      }
    }
  })

  it('records each change of stock with the operator, and nothing else', async () => {
    const changes = (): Promise<Record<string, unknown>[]> =>
      api.database.query({
        name: 'test-changes',
        text: `SELECT operator, issuer, available_before AS before, available FROM stock_changes
          WHERE sku = 'SKU-2' ORDER BY change_id`,
      })
    const headers = bearer(await issuer.token({ scope: 'stock:write', subject: 'olga' }))
    await api.send('PUT', 'SKU-2', { available: 5 }, headers)
    await api.send('PUT', 'SKU-2', { available: 0 }, headers)
    await api.send('PUT', 'SKU-2', { available: -1 }, headers)
    await api.send('PUT', 'SKU-2', { available: 9 }, bearer(await issuer.token({ scope: 'orders:read' })))
    const by = { operator: 'olga', issuer: issuer.url }
    assert.deepEqual(await changes(), [
      { ...by, before: null, available: 5 },
      { ...by, before: 5, available: 0 },
    ])
  })
})
