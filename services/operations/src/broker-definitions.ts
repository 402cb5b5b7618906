import { checkedText, commonSettings, loadConfig, optionalText, type Setting, url } from '@order-saga/chassis'
import {
  type Definitions,
  definitionsOf,
  type ProcessUser,
  processUsers as users,
  type QueueNames,
} from '@order-saga/contracts'
import { topologyPlan } from './topology-plan.ts'

export type BrokerDefinitionsConfig = QueueNames &
  Record<`${ProcessUser}Password` | 'managementUrl' | 'adminUser' | 'adminPassword' | 'exchange', string> & {
    retryDelaysMs: readonly number[]
  }

const { exchange, retryDelaysMs, orderQueue, paymentQueue, inventoryQueue, notificationQueue } = commonSettings

const passwordSettings = Object.fromEntries(
  users.map((user) => [
    `${user}Password`,
    optionalText({
      env: `${user.toUpperCase()}_RABBITMQ_PASSWORD`,
      sensitive: true,
      doc: `Password of the broker user \`${user}\`; without it the definitions have no such user.`,
    }),
  ]),
) as Record<`${ProcessUser}Password`, Setting<string>>

/** Settings of the broker's definitions. Settings of the services have the same names and defaults here. */
export const brokerDefinitionsSettings: {
  [K in keyof BrokerDefinitionsConfig]: Setting<BrokerDefinitionsConfig[K]>
} = {
  exchange,
  orderQueue,
  paymentQueue,
  inventoryQueue,
  notificationQueue,
  retryDelaysMs,
  managementUrl: url({
    env: 'RABBITMQ_MANAGEMENT_URL',
    default: 'http://localhost:15672',
    schemes: ['http', 'https'],
    without: ['credentials', 'query'],
    doc: "The broker's management API.",
  }),
  adminUser: checkedText({
    env: 'ADMIN_RABBITMQ_USER',
    default: 'admin',
    doc: "Name of the broker's administrator.",
    check: (name) => (users.some((user) => user === name) ? 'must not be the name of another user' : undefined),
  }),
  adminPassword: {
    ...optionalText({ env: 'ADMIN_RABBITMQ_PASSWORD', sensitive: true, doc: 'Its password; required.' }),
    check: (password) => (password === '' ? 'must be set' : undefined),
  },
  ...passwordSettings,
}

/** The definitions for the virtual host `/`. */
export function brokerDefinitions(config: BrokerDefinitionsConfig): Definitions {
  const given = users.filter((user) => config[`${user}Password`] !== '')
  return definitionsOf({
    plan: topologyPlan(config),
    vhost: '/',
    admin: { name: config.adminUser, password: config.adminPassword },
    passwords: Object.fromEntries(given.map((user) => [user, config[`${user}Password`]])),
  })
}

/** @throws ConfigurationError */
export function loadBrokerDefinitionsConfig(environment: NodeJS.ProcessEnv): BrokerDefinitionsConfig {
  return loadConfig<BrokerDefinitionsConfig>(brokerDefinitionsSettings, environment)
}

/**
 * Imports the definitions by the management API, as the administrator. Existing queues keep their messages and arguments,
 * existing users get the passwords and permissions of the definitions, and nothing is removed.
 * @throws Error with one sentence if the broker cannot be reached within a minute, or refuses
 */
export async function importDefinitions(config: BrokerDefinitionsConfig): Promise<void> {
  const { managementUrl, adminUser, adminPassword } = config
  const login = Buffer.from(`${adminUser}:${adminPassword}`).toString('base64')
  const answer = await fetch(`${managementUrl.replace(/\/+$/, '')}/api/definitions`, {
    method: 'POST',
    headers: { authorization: `Basic ${login}`, 'content-type': 'application/json' },
    body: JSON.stringify(brokerDefinitions(config)),
    signal: AbortSignal.timeout(60_000),
  }).catch((error: unknown) => {
    throw new Error('the management API of the broker cannot be reached.', { cause: error })
  })
  if (answer.ok) return
  if (answer.status === 401) {
    throw new Error(`the broker refuses the login of the administrator ${adminUser}.`)
  }
  throw new Error(`the broker refuses the definitions with status ${answer.status}: ${await answer.text()}`)
}
