import { isIP, isIPv6 } from 'node:net'
import { type QueueNames, services } from '@order-saga/contracts'
import type { DatabaseAddress } from '../persistence/connection.ts'
import { type DatabaseRoles, type RoleLogin, type RoleName, roleNames } from '../persistence/roles.ts'
import { brokerUrlProblem } from '../messaging/broker-address.ts'
import {
  checkedText,
  type ConfigOf,
  ConfigurationError,
  delays,
  integer,
  loadConfig,
  milliseconds,
  oneOf,
  optionalText,
  port,
  rate,
  serverPort,
  type Setting,
  text,
  url,
} from '../core/config.ts'
import { exchangeNameProblem, queueNameProblem } from './broker-names.ts'

const roleDocs: Readonly<Record<RoleName, string>> = {
  runtime: 'Role of the service: it reads and writes rows of its own tables.',
  reader: 'Role of the audit, of inspection and of the reads of the console: it only reads.',
  operator: 'Role of operators: it changes what their commands and the console change.',
}

const everywhere = 'Give every service the same.'

/** The queue of each service: `ORDER_QUEUE`, by default `order_queue`, and so on. */
const queueSettings = Object.fromEntries(
  services.map((service) => [
    `${service}Queue`,
    checkedText({
      env: `${service.toUpperCase()}_QUEUE`,
      default: `${service}_queue`,
      doc: `Queue of the ${service} service. ${everywhere}`,
      check: (name, all) => queueNameProblem(service, name, all),
    }),
  ]),
) as Record<keyof QueueNames, Setting<string>>

/** An address to listen on. */
function listenHost(setting: { readonly env: string; readonly doc: string }): Setting<string> {
  return checkedText({
    ...setting,
    default: '127.0.0.1',
    check: (host) =>
      isIP(host) !== 0 || host === 'localhost'
        ? undefined
        : `must be an IP address to listen on, such as 127.0.0.1, 0.0.0.0 or ::, or localhost, but is ${JSON.stringify(host)}`,
  })
}

const everyInterface = '0.0.0.0 for all IPv4 interfaces (set in the images), :: for IPv6 and IPv4.'

/** Settings of every service. */
export const commonSettings = {
  opsHost: listenHost({
    env: 'OPS_HOST',
    doc: `Address on which OPS_PORT listens: the port has no authentication. ${everyInterface}`,
  }),
  opsPort: port({ env: 'OPS_PORT', default: 9464, doc: 'Port of /healthz, /readyz and /metrics.' }),
  logLevel: oneOf({
    env: 'LOG_LEVEL',
    default: 'info',
    values: ['debug', 'info', 'warn', 'error'],
    doc: 'The least severe lines that are logged.',
  }),
  rabbitmqUrl: url({
    env: 'RABBITMQ_URL',
    default: 'amqp://guest:guest@localhost:5672',
    schemes: ['amqp', 'amqps'],
    doc: 'The broker: user, password and vhost in percent-encoded UTF-8; `?heartbeat=` (seconds), `channelMax` and `frameMax` (bytes) are optional.',
    check: brokerUrlProblem,
  }),
  rabbitmqPassword: optionalText({
    env: 'RABBITMQ_PASSWORD',
    sensitive: true,
    doc: "The user's password as it is, if RABBITMQ_URL has none.",
  }),
  exchange: checkedText({
    env: 'ORDER_EXCHANGE',
    default: 'order.topic',
    doc: `Topic exchange of all events. ${everywhere}`,
    check: exchangeNameProblem,
  }),
  ...queueSettings,
  topology: oneOf({
    env: 'TOPOLOGY',
    default: 'declare',
    values: ['declare', 'assume'],
    doc: 'Whether exchanges, queues and bindings are declared at start, by a user with all rights, or assumed to be there and only checked.',
  }),
  retryDelaysMs: delays({
    env: 'RETRY_DELAYS_MS',
    default: [1_000, 5_000, 15_000, 45_000],
    doc: `Waits before the 2nd, 3rd, … attempt at a message that failed; after the last it is dead-lettered. ${everywhere}`,
  }),
  prefetch: integer({
    env: 'PREFETCH',
    default: 200,
    min: 1,
    max: 2_000,
    unit: 'messages',
    doc: 'Unsettled messages a consumer holds at most.',
  }),
  shutdownTimeoutMs: milliseconds({
    env: 'SHUTDOWN_TIMEOUT_MS',
    default: 25_000,
    max: 600_000,
    doc: 'Time to finish what is running after SIGTERM; less than the grace period of the platform.',
  }),
  otlpEndpoint: url({
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    default: '',
    schemes: ['http', 'https'],
    without: ['query'],
    doc: 'Base URL of an OpenTelemetry collector (OTLP over HTTP); without it nothing is traced.',
  }),
  traceShare: rate({
    env: 'OTEL_TRACES_SAMPLER_ARG',
    default: 1,
    doc: "Share of new traces that is recorded; a client's own decision holds.",
  }),
}

export type CommonConfig = ConfigOf<typeof commonSettings>

/** The address on which an API listens. */
export const httpHost = listenHost({
  env: 'HTTP_HOST',
  doc: `Address on which PORT listens. ${everyInterface}`,
})

/** The port of an API, which is another one than that of /healthz. */
export function apiPort(setting: { readonly default: number; readonly doc: string }): Setting<number> {
  return {
    ...port({ env: 'PORT', ...setting }),
    check: (value, all) => (value !== 0 && value === all['opsPort'] ? 'must not be the same as OPS_PORT' : undefined),
  }
}

/** The broker's URL with the password that is set separately. */
export function brokerUrl(config: Pick<CommonConfig, 'rabbitmqUrl' | 'rabbitmqPassword'>): string {
  const address = new URL(config.rabbitmqUrl)
  if (address.password !== '' || config.rabbitmqPassword === '') return config.rabbitmqUrl
  // A URL without a user stands for guest.
  if (address.username === '') address.username = 'guest'
  address.password = encodeURIComponent(config.rabbitmqPassword)
  return address.href
}

/** Why the text cannot be the host of a database: a name, an address, or the folder of a socket. */
export function hostProblem(host: string): string | undefined {
  if (/^(\/.*|[\w.-]+)$/.test(host) || isIPv6(host)) return undefined
  return 'must be a host name or an IP address, without a scheme and a port'
}

/** Where a service's database is, and who logs in. */
function addressSettings(dbName: string) {
  return {
    dbHost: checkedText({ env: 'DB_HOST', default: 'localhost', doc: 'Host of PostgreSQL.', check: hostProblem }),
    dbPort: serverPort({ env: 'DB_PORT', default: 5432, doc: 'Port of PostgreSQL.' }),
    dbName: text({ env: 'DB_NAME', default: dbName, doc: "The service's own database." }),
    dbUser: text({ env: 'DB_USER', default: 'postgres', doc: 'User of the database.' }),
    dbPassword: optionalText({ env: 'DB_PASSWORD', sensitive: true, doc: "The user's password." }),
    dbCaFile: optionalText({
      env: 'DB_CA_FILE',
      doc: "File with the certificate authority of the database server; given, the connection is encrypted and the server's name verified.",
    }),
  }
}

/** Settings of the services with a database. */
export function databaseSettings(dbName: string) {
  return {
    ...addressSettings(dbName),
    dbPoolMax: integer({
      env: 'DB_POOL_MAX',
      default: 10,
      min: 2,
      max: 200,
      unit: 'connections',
      doc: 'Connections one process opens at most.',
    }),
    batchSize: integer({
      env: 'BATCH_SIZE',
      default: 100,
      min: 1,
      max: 1_000,
      unit: 'messages',
      doc: 'Messages that share one transaction at most.',
    }),
    outboxPollIntervalMs: milliseconds({
      env: 'OUTBOX_POLL_INTERVAL_MS',
      default: 1_000,
      min: 10,
      max: 60_000,
      doc: 'How often the outbox is searched for events that were not published directly after their commit.',
    }),
    outboxParkAfterMs: milliseconds({
      env: 'OUTBOX_PARK_AFTER_MS',
      default: 600_000,
      doc: 'How long an event no queue is bound for is tried again before it is parked.',
    }),
    outboxRetentionMs: milliseconds({
      env: 'OUTBOX_RETENTION_MS',
      default: 86_400_000,
      min: 1_000,
      max: 366 * 86_400_000,
      doc: 'How long published events are kept.',
    }),
    inboxRetentionMs: milliseconds({
      env: 'INBOX_RETENTION_MS',
      default: 7 * 86_400_000,
      min: 1_000,
      max: 366 * 86_400_000,
      doc: 'How long the ids of processed events are kept.',
    }),
    maxClockSkewMs: milliseconds({
      env: 'MAX_CLOCK_SKEW_MS',
      default: 10_000,
      max: 86_400_000,
      doc: "Difference between the clocks of the process and its database, above which the process is not ready. Its decisions follow the database's clock all the same.",
    }),
    gaugeIntervalMs: milliseconds({
      env: 'GAUGE_INTERVAL_MS',
      default: 15_000,
      min: 100,
      max: 300_000,
      doc: 'How often the metrics that come from the database are read from it: as often as metrics are scraped.',
    }),
  }
}

/** The login roles that a migration gives rights to. */
export const roleSettings = Object.fromEntries(
  roleNames.flatMap((role) => [
    [
      `${role}User`,
      optionalText({
        env: `DB_${role.toUpperCase()}_USER`,
        doc: `${roleDocs[role]} Set all three, or none: the services then use the owner of the tables.`,
      }),
    ],
    [
      `${role}Password`,
      optionalText({
        env: `DB_${role.toUpperCase()}_PASSWORD`,
        sensitive: true,
        doc: 'Its password, with which the migration creates the role or sets the password of the existing one; without it the migration waits for the role.',
      }),
    ],
  ]),
) as Record<`${RoleName}${'User' | 'Password'}`, Setting<string>>

/**
 * The roles that the environment names; undefined without any.
 * @throws ConfigurationError when some are missing, or one is named twice
 */
export function loadRoles(owner: string, environment: NodeJS.ProcessEnv): DatabaseRoles | undefined {
  const config = loadConfig<Record<keyof typeof roleSettings, string>>(roleSettings, environment)
  const given = roleNames.filter((role) => config[`${role}User`] !== '')
  if (given.length === 0) return undefined
  for (const role of roleNames) {
    const { env } = roleSettings[`${role}User`]
    if (!given.includes(role)) throw new ConfigurationError(`${env} must be set, as the other roles are.`)
    const user = config[`${role}User`]
    if (user === owner) throw new ConfigurationError(`${env} must not be DB_USER, who owns the tables.`)
    if (given.some((other) => other !== role && config[`${other}User`] === user)) {
      throw new ConfigurationError(`${env} must not be the user of another role.`)
    }
  }
  const login = (role: RoleName): RoleLogin => ({ user: config[`${role}User`], password: config[`${role}Password`] })
  return { runtime: login('runtime'), reader: login('reader'), operator: login('operator') }
}

export type DatabaseConfig = ConfigOf<ReturnType<typeof databaseSettings>>

type AddressSettings = ReturnType<typeof addressSettings>

/** The same, as what opens a connection wants it. */
export function addressOf(config: ConfigOf<AddressSettings>): DatabaseAddress {
  const { dbHost, dbPort, dbName, dbUser, dbPassword, dbCaFile } = config
  return { host: dbHost, port: dbPort, name: dbName, user: dbUser, password: dbPassword, caFile: dbCaFile }
}

/** Reads the address alone, for a command that needs none of a service's other settings. */
export function loadAddress(settings: AddressSettings, environment: NodeJS.ProcessEnv): DatabaseAddress {
  const { dbHost, dbPort, dbName, dbUser, dbPassword, dbCaFile } = settings
  return addressOf(loadConfig({ dbHost, dbPort, dbName, dbUser, dbPassword, dbCaFile }, environment))
}
