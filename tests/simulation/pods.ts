import { createMetrics, loadConfig, Service, type RuntimeDependencies } from '@order-saga/chassis'
import { serviceQueues, type ServiceName } from '@order-saga/contracts'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { type InventoryConfig, inventorySettings } from '../../services/inventory/src/config.ts'
import { wireInventory } from '../../services/inventory/src/wiring.ts'
import { loadNotificationConfig } from '../../services/notification/src/config.ts'
import { wireNotification } from '../../services/notification/src/wiring.ts'
import type { AcceptOrder } from '../../services/order/src/accept-orders.ts'
import { type OrderConfig, orderSettings } from '../../services/order/src/config.ts'
import { wireOrder } from '../../services/order/src/wiring.ts'
import { loadPaymentConfig } from '../../services/payment/src/config.ts'
import { wirePayment } from '../../services/payment/src/wiring.ts'
import type { Store } from '../support/databases.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import type { SimulatedDatabase } from './simulated-database.ts'
import { providerTimes, type SimulatedProvider } from './simulated-provider.ts'
import { type Owner, running, type VirtualTime } from './virtual-time.ts'

/** Short times: what takes minutes in production has the same order of events here. */
const environment: Readonly<Record<string, string>> = {
  RABBITMQ_URL: 'amqp://simulated',
  RETRY_DELAYS_MS: '1000,5000',
  DB_HOST: 'simulated',
  DB_POOL_MAX: '4',
  OUTBOX_POLL_INTERVAL_MS: '2000',
  SAGA_TIMEOUT_MS: '15000',
  TIMEOUT_CHECK_INTERVAL_MS: '2000',
  REFUND_RETRY_MS: '4000',
  PAYMENT_SWEEP_INTERVAL_MS: '2000',
  PAYMENT_SETTLE_MS: String(providerTimes.settleMs),
}

/** One process of the system. */
export class Pod implements Owner {
  readonly name: string
  readonly role: ServiceName
  isDead = false
  /** Whether nothing comes through to it, nor from it, before this time. */
  frozenUntil = new Date(0)
  accept: AcceptOrder | undefined

  constructor(role: ServiceName, number: number) {
    this.role = role
    this.name = `${role} ${number}`
  }
}

export interface PodWorld {
  readonly time: VirtualTime
  readonly broker: SimulatedBroker
  readonly databases: Readonly<Record<Store, SimulatedDatabase>>
  readonly provider: SimulatedProvider
  readonly newId: () => string
  readonly onMail: (eventId: string) => void
}

const silent = pino({ level: 'silent' })

/** Starts the process as its `main` does, in the simulation. */
export function startPod(pod: Pod, world: PodWorld): void {
  const { time, broker, databases, newId } = world
  const dependencies: RuntimeDependencies = {
    now: () => time.now,
    newId,
    createLog: () => silent,
    createMetrics: () => createMetrics(new Registry()),
    connectBroker: () => broker.connect(pod),
    createPool: ({ max }) => databases[pod.role as Store].poolOf(pod, max ?? 4),
    // They are connections of the simulation.
    verifySessions: async () => undefined,
  }
  void running.run(pod, () => boot(pod, world, dependencies))
}

async function boot(pod: Pod, world: PodWorld, dependencies: RuntimeDependencies): Promise<void> {
  const name = pod.role
  switch (name) {
    case 'order': {
      const config = loadConfig<OrderConfig>(orderSettings, environment)
      const service = await Service.create({ name, config, queues: serviceQueues(config), dependencies })
      pod.accept = wireOrder(service, config)
      return await service.work()
    }
    case 'payment': {
      const config = loadPaymentConfig(environment)
      const service = await Service.create({ name, config, queues: serviceQueues(config), dependencies })
      const { gateway } = world.provider
      wirePayment(service, config, { gateway, refundTimeLimitMs: gateway.timeLimitMs, close: () => undefined })
      return await service.work()
    }
    case 'inventory': {
      const config = loadConfig<InventoryConfig>(inventorySettings, environment)
      const service = await Service.create({ name, config, queues: serviceQueues(config), dependencies })
      wireInventory(service, config)
      return await service.work()
    }
    case 'notification': {
      const config = loadNotificationConfig(environment)
      const service = await Service.create({ name, config, queues: serviceQueues(config), dependencies })
      const sender = {
        send: async ({ messageId }: { messageId: string }) => {
          world.onMail(messageId)
          return { kind: 'sent' } as const
        },
        close: async () => undefined,
      }
      wireNotification(service, config, { sender, senderDomain: 'example.com' })
      return await service.work()
    }
  }
}
