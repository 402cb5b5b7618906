import { retryDelaysMs } from './broker.ts'
import { storeEnvironment, storeLogins, type System } from './system.ts'

/** The settings by which the audit and `saga` reach the servers of a system. */
export function operationsEnvironment({ databases, broker }: System): Record<string, string> {
  const { orderQueue, paymentQueue, inventoryQueue, notificationQueue } = broker.queues
  return {
    ...storeEnvironment(databases),
    ...storeLogins('runtime'),
    RABBITMQ_URL: broker.urlOf('operations'),
    ORDER_QUEUE: orderQueue,
    PAYMENT_QUEUE: paymentQueue,
    INVENTORY_QUEUE: inventoryQueue,
    NOTIFICATION_QUEUE: notificationQueue,
    RETRY_DELAYS_MS: retryDelaysMs.join(','),
  }
}
