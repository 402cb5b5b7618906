import { Router } from '@koa/router'
import {
  accessCheck,
  brokerUrl,
  createApi,
  DependencyUnavailable,
  followKeys,
  RequestDeadline,
  type Service,
  type Statement,
} from '@order-saga/chassis'
import { isCustomerId } from '@order-saga/contracts'
import type { ConsoleConfig } from '../console-config.ts'
import type { Store } from '../inspect/store.ts'
import { readBreakers } from '../inspect/breakers.ts'
import { bindingSet, ManagementApi } from '../inspect/topology/management.ts'
import { opsUrls } from '../ops-config.ts'
import { identifiesOperators, identifyBy } from '../operators/identify-operator.ts'
import { ofEach, openStores } from '../store-config.ts'
import { consoleAccess } from './access.ts'
import { Console } from './console.ts'
import { addConsoleRoutes } from './console-routes.ts'

export function wireConsole(service: Service, config: ConsoleConfig): void {
  const { log, metrics, tracing, now, newId } = service
  const { console: mode, retryDelaysMs, runbooksUrl } = config
  const stores = openStores(config, 'console', log)
  // Of the database with the sagas.
  service.followClock((sql) => stores.order.query(sql), config.maxClockSkewMs)
  const { rabbitmqManagementUrl: url } = config
  const management = url === '' ? undefined : new ManagementApi(url, brokerUrl(config))
  const sources = {
    databases: ofEach((store) => limited(stores[store], `${store} database`)),
    broker: async () => {
      if (service.connection === undefined) throw new DependencyUnavailable('broker', 'not connected')
      return service.connection
    },
    publisher: async () => service.publisher,
    queues: config,
    bindings: () => bindingSet(management, config.exchange),
    breakers: () => readBreakers(opsUrls(config), now()),
    now,
  }
  const verifier = config.authMode === 'jwt' ? followKeys(service, config, isCustomerId) : undefined
  const check = identifiesOperators(config)
    ? accessCheck(service, identifyBy(config, verifier), consoleAccess)
    : undefined
  const router = new Router()
  const console = new Console({ mode, sources, retryDelaysMs, runbooks: runbooksUrl.replace(/\/$/, '') })
  addConsoleRoutes(router, console, { mode, check, newId })
  service.serve(createApi({ router, log, metrics, tracing }), config)
  service.onDrain(async () => {
    await Promise.all(Object.values(stores).map((store) => store.close()))
  })
}

/** The store with the request deadline of the HTTP API for reads. */
function limited(store: Store, name: string): Pick<Store, 'query' | 'change'> {
  const requestDeadline = new RequestDeadline(name)
  return {
    query: <R extends object>(sql: Statement, values?: readonly unknown[]) =>
      requestDeadline.run(() => store.query<R>(sql, values)),
    change: (work) => store.change(work),
  }
}
