import type { DatabaseRoles, RoleName } from '@order-saga/chassis'
import type { PostgresServer } from '@order-saga/dev'
import type { Store } from './databases.ts'

/** The roles of a store on the tests' server. Databases made from the same template share them. */
export function rolesOf(store: string): DatabaseRoles {
  const login = (role: RoleName): { user: string; password: string } => ({
    user: `${store}_${role}`,
    password: `${store} ${role}@%/`,
  })
  return { runtime: login('runtime'), reader: login('reader'), operator: login('operator') }
}

/** The URL of a database for one of its roles. */
export function roleUrl(server: PostgresServer, database: string, store: Store, role: RoleName): string {
  const { user, password } = rolesOf(store)[role]
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${server.port}/${database}`
}
