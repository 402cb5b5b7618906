import { type ProcessUser, processUsers } from '@order-saga/contracts'
import { privateDefinitions, urlOf } from './broker-users.ts'
import { createDatabase, mayCreateRoles } from './create-database.ts'
import { reasonOf } from './error-code.ts'
import { startPostgres } from './postgres.ts'
import { startRabbitMq } from './rabbitmq.ts'
import { acceptsConnections } from './rabbitmq-server.ts'
import { databaseUrl, portIn } from './service-plan.ts'
import type { DatabaseLogin, DatabaseServer, ServerAddresses } from './service-plan.ts'
import type { Supervised } from './supervisor.ts'

export interface FoundServers {
  addresses: Omit<ServerAddresses, 'database'> & { database: DatabaseLogin }
  /** Those started here; a server given by the environment is none of ours to stop. */
  started: Supervised[]
}

interface ServerOptions {
  env: NodeJS.ProcessEnv
  signal: AbortSignal
  log: (line: string) => void
}

async function findDatabaseServer(options: ServerOptions): Promise<{
  address: DatabaseLogin
  started?: Supervised
}> {
  const { env, signal, log } = options
  if (env['DB_HOST']) {
    const address = {
      host: env['DB_HOST'],
      port: portIn(env, 'DB_PORT') ?? 5432,
      user: env['DB_USER'] || 'postgres',
      password: env['DB_PASSWORD'] ?? '',
      caFile: env['DB_CA_FILE'] || undefined,
    }
    log(`PostgreSQL   the one at ${address.host}:${address.port}, as DB_HOST says`)
    return { address }
  }
  const server = await startPostgres({ signal })
  log(`PostgreSQL   started on port ${server.port}, pid ${server.pid}`)
  const { port, user, password } = server
  return {
    address: { host: '127.0.0.1', port, user, password },
    started: supervised('postgres', server),
  }
}

interface FoundBroker {
  url: string
  managementUrl?: string | undefined
  /** Undefined where all processes have the user of `url`. */
  userUrls?: Record<ProcessUser, string>
  started?: Supervised
}

async function findBroker({ env, signal, log }: ServerOptions): Promise<FoundBroker> {
  const url = env['RABBITMQ_URL']
  if (url) {
    const { host } = URL.canParse(url) ? new URL(url) : { host: 'an address that is no URL' }
    try {
      await acceptsConnections(url)
    } catch (error) {
      throw new Error(
        `The broker at ${host} refuses: ${reasonOf(error)}. Correct RABBITMQ_URL, or unset it to have one started.`,
        { cause: error },
      )
    }
    log(`RabbitMQ     the one at ${host}, as RABBITMQ_URL says`)
    return { url }
  }
  const definitions = env['TOPOLOGY'] === 'declare' ? undefined : privateDefinitions(env)
  const server = await startRabbitMq({ signal, log, definitions, management: true })
  log(`RabbitMQ     started on port ${server.port}, pid ${server.pid}`)
  const found = { url: server.url, managementUrl: server.managementUrl, started: supervised('rabbitmq', server) }
  if (definitions === undefined) return found
  const urls = processUsers.map((user) => [user, urlOf(server.url, definitions, user)] as const)
  return { ...found, userUrls: Object.fromEntries(urls) as Record<ProcessUser, string> }
}

function supervised(name: string, server: Omit<Supervised, 'name'>): Supervised {
  return {
    name,
    get pid() {
      return server.pid
    },
    get exited() {
      return server.exited
    },
    restart: (signal) => server.restart(signal),
    stop: () => server.stop(),
  }
}

/**
 * The PostgreSQL and the RabbitMQ the environment names (DB_HOST, RABBITMQ_URL), or private ones started here. When one
 * of them fails, none of those started stays.
 */
export async function findServers(options: ServerOptions): Promise<FoundServers> {
  const [database, broker] = await Promise.allSettled([findDatabaseServer(options), findBroker(options)])
  const started = [database, broker].flatMap((found) =>
    found.status === 'fulfilled' && found.value.started ? [found.value.started] : [],
  )
  if (database.status === 'fulfilled' && broker.status === 'fulfilled') {
    const { url: rabbitMqUrl, managementUrl, userUrls: rabbitMqUserUrls } = broker.value
    const addresses = { rabbitMqUrl, managementUrl, rabbitMqUserUrls, database: database.value.address }
    return { addresses, started }
  }
  await Promise.all(started.map((server) => server.stop()))
  options.signal.throwIfAborted()
  throw database.status === 'rejected' ? database.reason : broker.status === 'rejected' ? broker.reason : undefined
}

/**
 * Creates the databases that are missing.
 * @returns the server; without roles where the user may not create them
 */
export async function createDatabases(
  address: DatabaseLogin,
  names: readonly string[],
  log: (line: string) => void,
): Promise<DatabaseServer> {
  try {
    for (const name of names) await createDatabase(databaseUrl(address, 'postgres'), name)
    const hasRoles = await mayCreateRoles(databaseUrl(address, 'postgres'))
    if (!hasRoles) {
      log(
        `PostgreSQL   ${address.user} may not create roles (CREATEROLE), so every program uses it, with all its rights`,
      )
    }
    return { ...address, hasRoles }
  } catch (error) {
    throw new Error(
      `PostgreSQL at ${address.host}:${address.port} did not let ${address.user} create the databases: ${reasonOf(error)}`,
      { cause: error },
    )
  }
}
