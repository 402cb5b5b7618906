import { equal } from 'node:assert/strict'
import { type ChassisMetrics, createMetrics, createRegistry } from '@order-saga/chassis'
import { createInventoryMetrics } from '../../services/inventory/src/inventory-metrics.ts'
import { createNotificationMetrics } from '../../services/notification/src/notification-metrics.ts'
import { createAuditMetrics } from '../../services/operations/src/audit-metrics.ts'
import { createSagaMetrics } from '../../services/order/src/saga-metrics.ts'
import { createPaymentMetrics } from '../../services/payment/src/payment-metrics.ts'
import { tool } from '../../tools/ci/src/go-tools.ts'
import { run } from '../../tools/ci/src/programs.ts'

const processes = {
  order: service(createSagaMetrics),
  payment: service(createPaymentMetrics),
  inventory: service(createInventoryMetrics),
  notification: service(createNotificationMetrics),
  'audit-exporter': async () => {
    const registry = createRegistry()
    createAuditMetrics(registry)
    return await registry.metrics()
  },
}

function service(create: (metrics: ChassisMetrics) => unknown): () => Promise<string> {
  return async () => {
    const metrics = createMetrics()
    create(metrics)
    return await metrics.registry.metrics()
  }
}

describe('promtool check metrics', () => {
  before(function () {
    this.timeout(1_200_000)
    tool('promtool')
  })

  for (const [name, metrics] of Object.entries(processes)) {
    it(`accepts those of ${name}`, async () => {
      const { code, out, err } = run(tool('promtool'), ['check', 'metrics'], await metrics())
      equal(out + err, '')
      equal(code, 0)
    })
  }
})
