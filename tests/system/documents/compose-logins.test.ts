import assert from 'node:assert/strict'
import { writtenEnvironmentOf } from './compose-file.ts'

const stores = ['order', 'payment', 'inventory'] as const
type Environment = ReturnType<typeof writtenEnvironmentOf>

/** Users and passwords of databases, as `name: variable or default`. */
function logins(service: string): Environment {
  const environment = writtenEnvironmentOf(service)
  return Object.fromEntries(Object.entries(environment).filter(([name]) => /DB_(\w+_)?(USER|PASSWORD)$/.test(name)))
}

function role(store: string, name: string, prefix: string): Environment {
  const variable = `${store.toUpperCase()}_${name.toUpperCase()}_DB_PASSWORD`
  return { [`${prefix}_USER`]: `${store}_${name}`, [`${prefix}_PASSWORD`]: `\${${variable}:-${store}-${name}}` }
}

const each = (name: string, infix: string): Environment =>
  Object.assign({}, ...stores.map((store) => role(store, name, `${store.toUpperCase()}${infix}_DB`))) as Environment

describe('the database logins in compose.yaml', () => {
  for (const store of stores) {
    it(`give the service ${store} its own role, and the owner to its migration only`, () => {
      assert.deepEqual(logins(`${store}-service`), role(store, 'runtime', 'DB'))
      assert.deepEqual(logins(`db-migrator-${store}`), {
        DB_USER: 'postgres',
        DB_PASSWORD: `\${${store.toUpperCase()}_DB_PASSWORD:-\${POSTGRES_PASSWORD:-order-saga}}`,
        ...role(store, 'runtime', 'DB_RUNTIME'),
        ...role(store, 'reader', 'DB_READER'),
        ...role(store, 'operator', 'DB_OPERATOR'),
      })
    })
  }

  it('give operations the readers, the operators to programs that change something, and the services to previews', () => {
    const readers = each('reader', '')
    const operators = each('operator', '_OPERATOR')
    assert.deepEqual(logins('audit-exporter'), readers)
    assert.deepEqual(logins('console'), { ...readers, ...operators })
    assert.deepEqual(logins('audit'), { ...readers, ...operators, ...each('runtime', '_RUNTIME') })
  })
})
