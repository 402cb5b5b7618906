import { delimiter } from 'node:path'

/**
 * The settings that a run passes on from its own environment: those of the services, the console, the audit and the drill, but
 * for the addresses of servers and the ports, which it sets itself. A test compares them with the settings that the programs load.
 */
export const passedSettings: readonly string[] = [
  'API_TOKEN',
  'AUDIT_ALLOW_DEAD_LETTERS',
  'AUDIT_ALLOW_PARKED_EVENTS',
  'AUDIT_CLIENT_LOG',
  'AUDIT_SETTLE_MS',
  'AUDIT_STATEMENT_TIMEOUT_MS',
  'AUDIT_TOLERANCE_MS',
  'AUTH_ALGORITHMS',
  'AUTH_AUDIENCE',
  'AUTH_CLOCK_TOLERANCE_MS',
  'AUTH_CUSTOMER_CLAIM',
  'AUTH_ISSUER',
  'AUTH_JWKS_URL',
  'AUTH_MODE',
  'BATCH_SIZE',
  'DB_POOL_MAX',
  'DB_READ_POOL_MAX',
  'DRILL_LANES',
  'DRILL_ORDERS',
  'DRILL_PATIENCE_MS',
  'DRILL_TIMEOUT_FLOW',
  'GAUGE_INTERVAL_MS',
  'HTTP_HOST',
  'INBOX_RETENTION_MS',
  'INVENTORY_FAILURE_RATE',
  'INVENTORY_QUEUE',
  'INVENTORY_UNKNOWN_SKU',
  'LOG_LEVEL',
  'MAIL_FROM',
  'MAX_CLOCK_SKEW_MS',
  'MAX_OPEN_ORDERS',
  'NOTIFICATION_QUEUE',
  'OPS_HOST',
  'ORDER_EXCHANGE',
  'ORDER_QUEUE',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_TRACES_SAMPLER_ARG',
  'OUTBOX_PARK_AFTER_MS',
  'OUTBOX_POLL_INTERVAL_MS',
  'OUTBOX_RETENTION_MS',
  'PAYMENT_CONCURRENCY',
  'PAYMENT_FAILURE_RATE',
  'PAYMENT_GATEWAY',
  'PAYMENT_GATEWAY_API_KEY',
  'PAYMENT_GATEWAY_TIMEOUT_MS',
  'PAYMENT_GATEWAY_URL',
  'PAYMENT_KEY_TTL_MS',
  'PAYMENT_PROCESSING_MS',
  'PAYMENT_QUEUE',
  'PAYMENT_SETTLE_MS',
  'PAYMENT_SWEEP_INTERVAL_MS',
  'PREFETCH',
  'RABBITMQ_MANAGEMENT_URL',
  'RATE_LIMIT_PER_CALLER',
  'REFUND_RETRY_MS',
  'RETRY_DELAYS_MS',
  'RUNBOOKS_URL',
  'SAGA_TIMEOUT_MS',
  'SHUTDOWN_TIMEOUT_MS',
  'SMTP_CONNECTIONS',
  'SMTP_URL',
  'TIMEOUT_CHECK_INTERVAL_MS',
  'TOPOLOGY',
]

/**
 * The environment of a server or service: variables of the shell such as PGOPTIONS, ERL_FLAGS, NODE_OPTIONS or LC_ALL would
 * change how it works. Programs are found as from the shell, also where PATH lacks the system's folders.
 */
export function programEnvironment(home: string): NodeJS.ProcessEnv {
  const folders = [process.env['PATH'] ?? '', '/usr/local/bin', '/usr/bin', '/bin']
  const path = folders.filter((folder) => folder !== '').join(delimiter)
  return { PATH: path, HOME: home, LANG: 'C.UTF-8', TZ: 'UTC' }
}

/** The settings in `env` that a run passes on; an empty one counts as not set. */
export function settingsIn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(passedSettings.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
}
