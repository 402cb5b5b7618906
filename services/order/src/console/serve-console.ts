import type { Router } from '@koa/router'
import type { Database, Service } from '@order-saga/chassis'
import type { OrderConfig } from '../config.ts'
import { Console } from './console.ts'
import { addConsoleRoutes } from './console-routes.ts'

export interface ConsoleParts {
  readonly router: Router
  readonly service: Service
  readonly database: Database
  readonly config: OrderConfig
}

/** Puts the console on the API, unless it is off. */
export function serveConsole({ router, service, database, config }: ConsoleParts): void {
  if (config.console === 'off') return
  const { paymentOpsUrl: payment, inventoryOpsUrl: inventory, notificationOpsUrl: notification } = config
  const console = new Console({
    mode: config.console,
    token: config.adminToken,
    database,
    broker: service.connect('console'),
    others: { payment, inventory, notification },
    queues: {
      order: config.orderQueue,
      payment: config.paymentQueue,
      inventory: config.inventoryQueue,
      notification: config.notificationQueue,
    },
    retryDelaysMs: config.retryDelaysMs,
    publisher: service.publisher,
    newId: service.newId,
    log: service.log,
    now: service.now,
  })
  addConsoleRoutes(router, console)
  service.onStop(() => console.live.stop())
}
