import { consumedBy, isCustomerId } from '@order-saga/contracts'
import { accessGuard, createApi, type Service } from '@order-saga/chassis'
import type { InventoryConfig } from './config.ts'
import { stockAccess } from './http/access-rules.ts'
import { createStockRouter } from './http/stock.ts'
import { createInventoryMetrics } from './inventory-metrics.ts'
import { inventoryReactions } from './reactions/index.ts'
import { InventoryCache } from './store/locked-inventory.ts'
import { schema } from './store/schema.ts'

export function wireInventory(service: Service, config: InventoryConfig): void {
  const { log, metrics, tracing, now, newId } = service
  const { database } = service.withStore({ config, schema })
  const queue = config.inventoryQueue
  const policy = { failureRate: config.failureRate, acceptUnknownSku: config.unknownSku === 'accept' }
  const cache = new InventoryCache()
  const count = createInventoryMetrics(metrics)
  const reactions = inventoryReactions({
    queue,
    policy,
    newId,
    cache,
    committed: (inventory) => {
      cache.put(inventory)
      count(inventory)
    },
  })
  const reactor = service.reactor(reactions, config.batchSize)
  service.consume({
    queue,
    prefetch: config.prefetch,
    events: consumedBy('inventory'),
    react: async (message, signal) => (await reactor.react(message, signal)).result,
  })
  const router = createStockRouter({
    database,
    readDatabase: service.openReads(config),
    readConcurrency: config.dbReadPoolMax,
    tokenRequired: config.authMode === 'jwt',
    now,
    newId,
  })
  const access = accessGuard(service, config, stockAccess, isCustomerId)
  service.serve(createApi({ router, log, metrics, tracing, access }), config)
}
