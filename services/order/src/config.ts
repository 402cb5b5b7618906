import {
  type CommonConfig,
  commonSettings,
  ConfigurationError,
  type DatabaseConfig,
  databaseSettings,
  integer,
  loadConfig,
  milliseconds,
  oneOf,
  optionalText,
  port,
  type Setting,
  url,
} from '@order-saga/chassis'

export interface OrderConfig extends CommonConfig, DatabaseConfig {
  port: number
  sagaTimeoutMs: number
  timeoutCheckIntervalMs: number
  refundRetryMs: number
  maxOpenOrders: number
  console: 'off' | 'read-only' | 'full'
  adminToken: string
  paymentOpsUrl: string
  inventoryOpsUrl: string
  notificationOpsUrl: string
}

const opsUrl = (service: string): Setting<string> =>
  url({
    env: `${service.toUpperCase()}_OPS_URL`,
    default: '',
    schemes: ['http', 'https'],
    doc: `Where the console asks ${service} for its part of a saga: its OPS_PORT; without it that part is left out.`,
  })

export const orderSettings: { [K in keyof OrderConfig]: Setting<OrderConfig[K]> } = {
  ...commonSettings,
  ...databaseSettings('order_db'),
  port: port({ env: 'PORT', default: 3000, doc: 'Port of the order API.' }),
  sagaTimeoutMs: milliseconds({
    env: 'SAGA_TIMEOUT_MS',
    default: 90_000,
    doc: 'Time an order has from its acceptance; one that is still open then is cancelled.',
  }),
  timeoutCheckIntervalMs: milliseconds({
    env: 'TIMEOUT_CHECK_INTERVAL_MS',
    default: 10_000,
    min: 10,
    max: 3_600_000,
    doc: 'How often sagas past their deadline and overdue refunds are looked for.',
  }),
  refundRetryMs: milliseconds({
    env: 'REFUND_RETRY_MS',
    default: 30_000,
    min: 10,
    max: 3_600_000,
    doc: 'Wait before an unanswered refund is asked for again; it doubles each time, up to an hour.',
  }),
  maxOpenOrders: integer({
    env: 'MAX_OPEN_ORDERS',
    default: 10_000,
    min: 1,
    max: 10_000_000,
    unit: 'orders',
    doc: 'Orders under way at most; beyond it new ones are answered with 503. No more than the system works off within SAGA_TIMEOUT_MS.',
  }),
  console: oneOf({
    env: 'CONSOLE',
    default: 'off',
    values: ['off', 'read-only', 'full'],
    doc: "The operator's page at /console: none, one that shows, or one that may also replay and discard dead letters.",
  }),
  adminToken: optionalText({
    env: 'ADMIN_TOKEN',
    sensitive: true,
    doc: 'What the console asks of its users, for reading too; needed with CONSOLE=full, at least 16 characters.',
  }),
  paymentOpsUrl: opsUrl('payment'),
  inventoryOpsUrl: opsUrl('inventory'),
  notificationOpsUrl: opsUrl('notification'),
}

/** What a header can carry as it is (RFC 6750), and nobody guesses. */
const usableToken = /^[A-Za-z0-9._~+/-]{16,512}=*$/

/** @throws ConfigurationError also for settings that do not go together */
export function loadOrderConfig(environment: NodeJS.ProcessEnv): OrderConfig {
  const config = loadConfig<OrderConfig>(orderSettings, environment)
  if (config.adminToken !== '' && !usableToken.test(config.adminToken)) {
    throw new ConfigurationError('ADMIN_TOKEN must have at least 16 characters, all of them letters, digits or ._~+/-.')
  }
  if (config.console === 'full' && config.adminToken === '') {
    throw new ConfigurationError('ADMIN_TOKEN must be set when CONSOLE is full: without it anybody could act.')
  }
  return config
}
