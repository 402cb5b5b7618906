import { createHash, createHmac, randomBytes } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { userInfo } from 'node:os'
import type { ProcessUser } from '@order-saga/contracts'
import { programEnvironment, settingsIn } from './environment.ts'
import { freePort, portIsFree } from './free-port.ts'
import { localAudience } from './local-issuer.ts'

const serviceNames = ['order', 'payment', 'inventory', 'notification'] as const

export const processNames = [...serviceNames, 'console'] as const
export type ProcessName = (typeof processNames)[number]

export const databases = { order: 'order_db', payment: 'payment_db', inventory: 'inventory_db' } as const
export type StoringService = keyof typeof databases

export interface Ports {
  order: number
  inventory: number
  console: number
  /** Of the local issuer of tokens, where one is used. */
  issuer: number
  ops: Record<ProcessName, number>
}

/** The ports to prefer where the environment names none. */
export type UsualPorts = Partial<Pick<Ports, 'order' | 'inventory' | 'console'>>

/** Where the services find their servers. */
export interface ServerAddresses {
  /** An administrator's URL. */
  rabbitMqUrl: string
  managementUrl?: string | undefined
  /** The URL of each service's own user, on a broker with generated definitions. */
  rabbitMqUserUrls?: Record<ProcessUser, string> | undefined
  database: DatabaseServer
}

/** A server and the owner of the databases, who migrates them. */
export interface DatabaseLogin {
  host: string
  port: number
  user: string
  password: string
  caFile?: string | undefined
}

export interface DatabaseServer extends DatabaseLogin {
  /** False where the owner may not create roles: every program then uses the owner. */
  hasRoles: boolean
}

const roles = ['runtime', 'reader', 'operator'] as const
type Role = (typeof roles)[number]

function stores(name: ProcessName): name is StoringService {
  return name in databases
}

type Environment = NodeJS.ProcessEnv

/** The port a variable holds; undefined when it is not set. */
export function portIn(env: Environment, variable: string): number | undefined {
  const text = env[variable]
  if (!text) return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port >= 1 && port <= 65_535) return port
  throw new Error(`${variable} is ${JSON.stringify(text)}: set it to a port, a number from 1 to 65535.`)
}

async function chosenPort(env: Environment, variable: string): Promise<number | undefined> {
  const port = portIn(env, variable)
  if (port === undefined || (await portIsFree(port))) return port
  throw new Error(`Port ${port} is in use: set ${variable} to a free one.`)
}

/** A port that none of these processes has, although nothing listens yet. */
async function usualOrFreePort(usual: number | undefined, taken: ReadonlyMap<number, string>): Promise<number> {
  if (usual !== undefined && !taken.has(usual) && (await portIsFree(usual))) return usual
  for (;;) {
    const port = await freePort()
    if (!taken.has(port)) return port
  }
}

/**
 * The ports of a run: those that the environment names (PORT, INVENTORY_PORT, CONSOLE_PORT, ORDER_OPS_PORT and so on),
 * else the usual ones, else free ones. Rejects with a sentence that names the variable to set when a port is in use.
 */
export async function choosePorts(env: Environment, usual: UsualPorts): Promise<Ports> {
  const defaults: Environment = usual.order === undefined ? {} : { PORT: String(usual.order) }
  const opsVariable = (name: ProcessName): string => `${name.toUpperCase()}_OPS_PORT`
  const variables = ['PORT', 'INVENTORY_PORT', 'CONSOLE_PORT', 'ISSUER_PORT', ...processNames.map(opsVariable)]
  const chosen = new Map<string, number>()
  const taken = new Map<number, string>()
  for (const variable of variables) {
    const port = await chosenPort({ ...defaults, ...env }, variable)
    if (port === undefined) continue
    const other = taken.get(port)
    if (other !== undefined) throw new Error(`${variable} is the port of ${other}, too: set it to another one.`)
    chosen.set(variable, port)
    taken.set(port, variable)
  }
  const portOf = async (variable: string, preferred?: number): Promise<number> => {
    const port = chosen.get(variable) ?? (await usualOrFreePort(preferred, taken))
    taken.set(port, variable)
    return port
  }
  const order = await portOf('PORT')
  const inventory = await portOf('INVENTORY_PORT', usual.inventory)
  const console = await portOf('CONSOLE_PORT', usual.console)
  const issuer = await portOf('ISSUER_PORT')
  const ops = { order: 0, payment: 0, inventory: 0, notification: 0, console: 0 }
  for (const name of processNames) ops[name] = await portOf(opsVariable(name))
  return { order, inventory, console, issuer, ops }
}

/** The environment with `CONSOLE=full`, and a random token of the user as operator for this run, unless `env` sets them. */
export function withConsole(env: Environment): Environment {
  const console = { CONSOLE: env['CONSOLE'] || 'full' }
  if (env['OPERATOR_TOKENS']) return { ...env, ...console }
  const token = env['OPERATOR_TOKEN'] || randomBytes(18).toString('base64url')
  const hash = createHash('sha256').update(token).digest('hex')
  return { ...env, ...console, OPERATOR_TOKEN: token, OPERATOR_TOKENS: `${operatorName()}:sha256:${hash}` }
}

function operatorName(): string {
  try {
    const { username } = userInfo()
    return /^[\w.@-]{1,100}$/.test(username) ? username : 'operator'
  } catch {
    // The operating system has no name for this user.
    return 'operator'
  }
}

/** The identity of the operator for the command `saga`. */
export function operatorSettings(env: Environment): Record<string, string> {
  const { OPERATOR_TOKENS: tokens, OPERATOR_TOKEN: token } = env
  return { ...(tokens && { OPERATOR_TOKENS: tokens }), ...(token && { OPERATOR_TOKEN: token }) }
}

/** The processes of a run, in the order in which they start: without the console where `CONSOLE` is `off`. */
export function processesOf(env: Environment): readonly ProcessName[] {
  return env['CONSOLE'] === 'off' ? serviceNames : processNames
}

/** Whether a run has an issuer of its own: with `AUTH_MODE=jwt`, unless `AUTH_JWKS_URL` names another one. */
export function usesLocalIssuer(env: Environment): boolean {
  return env['AUTH_MODE'] === 'jwt' && !env['AUTH_JWKS_URL']
}

function issuerSettings(env: Environment, { issuer }: Ports): Environment {
  if (!usesLocalIssuer(env)) return {}
  const url = `http://127.0.0.1:${issuer}`
  const usual = { AUTH_ALGORITHMS: '', AUTH_CUSTOMER_CLAIM: '' }
  return { ...usual, AUTH_ISSUER: url, AUTH_JWKS_URL: `${url}/jwks.json`, AUTH_AUDIENCE: localAudience }
}

/** The address of the console's page, with the token in the fragment, which a browser does not send to the server. */
export function consolePage(addresses: Record<string, string>, env: Environment): string | undefined {
  const url = addresses['CONSOLE_URL']
  const fragment = env['OPERATOR_TOKEN'] ? `#token=${encodeURIComponent(env['OPERATOR_TOKEN'])}` : ''
  return url && `${url}/console${fragment}`
}

/** The environment of a process: the settings in `env`, and the addresses of its servers. `home`: a folder of the run. */
export function processEnvironment(
  name: ProcessName,
  env: Environment,
  ports: Ports,
  servers: ServerAddresses,
  home: string,
): Environment {
  return {
    ...programEnvironment(home),
    ...settingsIn(env),
    ...issuerSettings(env, ports),
    OPS_PORT: String(ports.ops[name]),
    RABBITMQ_URL: brokerUrlOf(name === 'console' ? 'operations' : name, servers),
    ...(servers.rabbitMqUserUrls && { TOPOLOGY: 'assume' }),
    ...(stores(name) && databaseEnvironment(name, loginOf(servers.database, name, 'runtime'))),
    ...(name === 'order' && { PORT: String(ports.order) }),
    ...(name === 'inventory' && { PORT: String(ports.inventory) }),
    ...(name === 'console' && {
      PORT: String(ports.console),
      CONSOLE: env['CONSOLE'],
      OPERATOR_TOKENS: env['OPERATOR_TOKENS'],
      ...managementAddress(servers),
      ...Object.fromEntries(
        serviceNames.map((each) => [`${each.toUpperCase()}_OPS_URL`, localUrl(ports.ops[each], env['OPS_HOST'])]),
      ),
      ...readerAddresses(servers.database),
      ...operatorLogins(servers.database),
    }),
  }
}

/** The URL of a port on this machine; `host` is the address it listens on, the loopback address unless given. */
export function localUrl(port: number, host = ''): string {
  const everywhere = ['', '0.0.0.0', '::'].includes(host)
  return `http://${everywhere ? '127.0.0.1' : isIPv6(host) ? `[${host}]` : host}:${port}`
}

/** The management API of a broker started here; that of another one is a setting. */
export function managementAddress({ managementUrl }: ServerAddresses): Record<string, string> {
  return managementUrl === undefined ? {} : { RABBITMQ_MANAGEMENT_URL: managementUrl }
}

function brokerUrlOf(user: ProcessUser, { rabbitMqUrl, rabbitMqUserUrls }: ServerAddresses): string {
  return rabbitMqUserUrls?.[user] ?? rabbitMqUrl
}

/** The administrator's URL of the broker, and that of each service: ORDER_RABBITMQ_URL and so on. */
export function brokerAddresses(servers: ServerAddresses): Record<string, string> {
  const own = serviceNames.map((name) => [`${name.toUpperCase()}_RABBITMQ_URL`, brokerUrlOf(name, servers)])
  return { RABBITMQ_URL: servers.rabbitMqUrl, ...(Object.fromEntries(own) as Record<string, string>) }
}

/** The environment of a migration: the owner's login, and the roles that it creates with their passwords. */
export function migrationEnvironment(name: StoringService, server: DatabaseServer, home: string): Environment {
  const logins = server.hasRoles ? roles.map((role) => [role, loginOf(server, name, role)] as const) : []
  const environment = { ...programEnvironment(home), ...databaseEnvironment(name, server) }
  for (const [role, { user, password }] of logins) {
    environment[`DB_${role.toUpperCase()}_USER`] = user
    environment[`DB_${role.toUpperCase()}_PASSWORD`] = password
  }
  return environment
}

function databaseEnvironment(name: StoringService, login: DatabaseLogin): Environment {
  const { host, port, user, password, caFile } = login
  return {
    DB_HOST: host,
    DB_PORT: String(port),
    DB_USER: user,
    DB_PASSWORD: password,
    DB_NAME: databases[name],
    DB_CA_FILE: caFile,
  }
}

const keyWithoutPassword = randomBytes(32)

/** The server with the login of a role. Passwords follow from the owner's, so that two runs on one server agree. */
function loginOf(server: DatabaseServer, service: StoringService, role: Role): DatabaseServer {
  if (!server.hasRoles) return server
  const user = `${service}_${role}`
  const password = createHmac('sha256', server.password || keyWithoutPassword)
    .update(user)
    .digest('base64url')
  return { ...server, user, password }
}

/** The databases for their owner and for the services: ORDER_DB_URL, ORDER_RUNTIME_DB_URL, ORDER_DB_CA_FILE and so on. */
export function databaseAddresses(server: DatabaseServer): Record<string, string> {
  const runtime = Object.entries(databases).map(([name, database]) => [
    `${name.toUpperCase()}_RUNTIME_DB_URL`,
    databaseUrl(loginOf(server, name as StoringService, 'runtime'), database),
  ])
  return { ...addressesFor(() => server, server.caFile), ...(Object.fromEntries(runtime) as Record<string, string>) }
}

/** The databases as the programs of operations read them. */
export function readerAddresses(server: DatabaseServer): Record<string, string> {
  return addressesFor((name) => loginOf(server, name, 'reader'), server.caFile)
}

function addressesFor(
  login: (name: StoringService) => DatabaseServer,
  caFile: string | undefined,
): Record<string, string> {
  const addresses: Record<string, string> = {}
  for (const [name, database] of Object.entries(databases)) {
    addresses[`${name.toUpperCase()}_DB_URL`] = databaseUrl(login(name as StoringService), database)
    if (caFile) addresses[`${name.toUpperCase()}_DB_CA_FILE`] = caFile
  }
  return addresses
}

function operatorLogins(server: DatabaseServer): Record<string, string> {
  const logins: Record<string, string> = {}
  for (const name of Object.keys(databases)) {
    const { user, password } = loginOf(server, name as StoringService, 'operator')
    logins[`${name.toUpperCase()}_OPERATOR_DB_USER`] = user
    logins[`${name.toUpperCase()}_OPERATOR_DB_PASSWORD`] = password
  }
  return logins
}

/** A URL for a PostgreSQL client. */
export function databaseUrl(address: DatabaseLogin, name: string): string {
  const { host, port, user, password, caFile } = address
  const login = [user, password].filter((part) => part !== '').map(encodeURIComponent)
  const encryption = caFile ? `?sslmode=verify-full&sslrootcert=${encodeURIComponent(caFile)}` : ''
  return `postgres://${login.join(':')}@${host.includes(':') ? `[${host}]` : host}:${port}/${name}${encryption}`
}
