import {
  commonSettings,
  type ConfigOf,
  ConfigurationError,
  databaseSettings,
  integer,
  loadConfig,
  milliseconds,
  oneOf,
  optionalText,
  rate,
  url,
} from '@order-saga/chassis'

export const paymentSettings = {
  ...commonSettings,
  ...databaseSettings('payment_db'),
  gateway: oneOf({
    env: 'PAYMENT_GATEWAY',
    default: 'simulated',
    values: ['simulated', 'http'],
    doc: 'Where the money is moved: simulated, or a provider over HTTP.',
  }),
  gatewayUrl: url({
    env: 'PAYMENT_GATEWAY_URL',
    default: '',
    schemes: ['http', 'https'],
    without: ['credentials', 'query'],
    doc: "Base URL of the provider's API; needed with the HTTP gateway.",
  }),
  gatewayApiKey: optionalText({
    env: 'PAYMENT_GATEWAY_API_KEY',
    sensitive: true,
    doc: "The provider's API key; needed with the HTTP gateway.",
  }),
  gatewayTimeoutMs: milliseconds({
    env: 'PAYMENT_GATEWAY_TIMEOUT_MS',
    default: 10_000,
    min: 50,
    max: 120_000,
    doc: 'Time limit of one call to the provider; after it the outcome is unknown and looked up.',
  }),
  concurrency: integer({
    env: 'PAYMENT_CONCURRENCY',
    default: 64,
    min: 1,
    max: 1_000,
    unit: 'calls',
    doc: 'Limit of concurrent charges in one process; further ones are diverted to `<queue>.charges`.',
  }),
  failureRate: rate({
    env: 'PAYMENT_FAILURE_RATE',
    default: 0,
    doc: 'Share of charges the simulated gateway declines, by a hash of the order id.',
  }),
  processingMs: integer({
    env: 'PAYMENT_PROCESSING_MS',
    default: 0,
    min: 0,
    max: 3_600_000,
    unit: 'milliseconds',
    doc: 'Time the simulated gateway takes for a charge.',
  }),
  keyTtlMs: milliseconds({
    env: 'PAYMENT_KEY_TTL_MS',
    default: 86_400_000,
    min: 1_000,
    doc: 'How long the provider keeps idempotency keys; an older intent is looked up, never repeated.',
  }),
  settleMs: milliseconds({
    env: 'PAYMENT_SETTLE_MS',
    default: 5_000,
    min: 0,
    max: 3_600_000,
    doc: 'How long after its last attempt a charge may still appear at the provider.',
  }),
  sweepIntervalMs: milliseconds({
    env: 'PAYMENT_SWEEP_INTERVAL_MS',
    default: 1_000,
    min: 10,
    max: 60_000,
    doc: 'Interval between two scans for charges and refunds with an unknown outcome.',
  }),
}

export type PaymentConfig = ConfigOf<typeof paymentSettings>

/** @throws ConfigurationError also for settings that do not go together */
export function loadPaymentConfig(environment: NodeJS.ProcessEnv): PaymentConfig {
  const config = loadConfig(paymentSettings, environment)
  if (config.gateway === 'simulated') return config
  if (config.gatewayUrl === '')
    throw new ConfigurationError('PAYMENT_GATEWAY_URL must be set when PAYMENT_GATEWAY is http.')
  if (config.gatewayApiKey === '') {
    throw new ConfigurationError('PAYMENT_GATEWAY_API_KEY must be set when PAYMENT_GATEWAY is http.')
  }
  for (const [variable, value] of [
    ['PAYMENT_FAILURE_RATE', config.failureRate],
    ['PAYMENT_PROCESSING_MS', config.processingMs],
  ] as const) {
    if (value !== 0)
      throw new ConfigurationError(
        `${variable} must be 0 when PAYMENT_GATEWAY is http: failures are only simulated with the simulated gateway.`,
      )
  }
  return config
}
