import { randomBytes } from 'node:crypto'
import { type Definitions, definitionsOf, processUsers, serviceQueues } from '@order-saga/contracts'

/** The longest time to live that RabbitMQ accepts, in milliseconds. */
const longestDelayMs = 2 ** 32 - 1

/**
 * The definitions of a private broker: the topology with the names in `env`, and one user per service with a password of
 * this run. Names and delays that the services refuse at start are not checked here.
 */
export function privateDefinitions(env: NodeJS.ProcessEnv): Definitions {
  const queue = (service: string): string => env[`${service.toUpperCase()}_QUEUE`] || `${service}_queue`
  const delays = (env['RETRY_DELAYS_MS'] || '1000,5000,15000,45000').split(',').map(Number)
  return definitionsOf({
    plan: {
      exchange: env['ORDER_EXCHANGE'] || 'order.topic',
      queues: serviceQueues({
        orderQueue: queue('order'),
        paymentQueue: queue('payment'),
        inventoryQueue: queue('inventory'),
        notificationQueue: queue('notification'),
      }),
      retryDelaysMs: delays.filter((delayMs) => Number.isInteger(delayMs) && delayMs > 0 && delayMs <= longestDelayMs),
    },
    vhost: '/',
    admin: { name: 'admin', password: newPassword() },
    passwords: Object.fromEntries(processUsers.map((user) => [user, newPassword()])),
  })
}

/** The URL with the credentials of this user of the definitions; the administrator is the first. */
export function urlOf(url: string, { users }: Definitions, name = users[0]?.name): string {
  const address = new URL(url)
  address.username = name ?? ''
  address.password = users.find((user) => user.name === name)?.password ?? ''
  return address.href
}

/** Without characters that a URL must encode. */
function newPassword(): string {
  return randomBytes(18).toString('base64url')
}
