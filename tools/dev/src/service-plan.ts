import { randomBytes } from 'node:crypto'
import { freePort, portIsFree } from './free-port.ts'

export const serviceNames = ['order', 'payment', 'inventory', 'notification'] as const
export type ServiceName = (typeof serviceNames)[number]

export const databases = { order: 'order_db', payment: 'payment_db', inventory: 'inventory_db' } as const
export type StoringService = keyof typeof databases

export interface Ports {
  order: number
  inventory: number
  ops: Record<ServiceName, number>
}

/** Where the services find their servers. */
export interface ServerAddresses {
  rabbitMqUrl: string
  database: { host: string; port: number; user: string; password: string; caFile?: string | undefined }
}

function stores(name: ServiceName): name is StoringService {
  return name in databases
}

type Environment = NodeJS.ProcessEnv

/** The port a variable holds; undefined when it is not set. */
export function portIn(env: Environment, variable: string): number | undefined {
  const text = env[variable]
  if (!text) return undefined
  const port = Number(text)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw new Error(`${variable} is ${JSON.stringify(text)}: set it to a port, a number from 1 to 65535.`)
}

async function chosenPort(env: Environment, variable: string): Promise<number | undefined> {
  const port = portIn(env, variable)
  if (port === undefined || (await portIsFree(port))) return port
  throw new Error(`Port ${port} is in use: set ${variable} to a free one.`)
}

/**
 * The ports of a run: what the environment says (PORT, INVENTORY_PORT, ORDER_OPS_PORT and so on), else the usual one of
 * the API, else free ones. Rejects with a sentence that names the variable to set when a port is in use.
 */
export async function choosePorts(env: Environment, usual: { order?: number; inventory?: number }): Promise<Ports> {
  const defaults: Environment = usual.order === undefined ? {} : { PORT: String(usual.order) }
  const order = (await chosenPort({ ...defaults, ...env }, 'PORT')) ?? (await freePort())
  const usualInventory =
    usual.inventory !== undefined && (await portIsFree(usual.inventory)) ? usual.inventory : undefined
  const inventory = (await chosenPort(env, 'INVENTORY_PORT')) ?? usualInventory ?? (await freePort())
  const ops = { order: 0, payment: 0, inventory: 0, notification: 0 }
  for (const name of serviceNames) {
    ops[name] = (await chosenPort(env, `${name.toUpperCase()}_OPS_PORT`)) ?? (await freePort())
  }
  return { order, inventory, ops }
}

const runOnly = ['PORT', 'INVENTORY_PORT', ...serviceNames.map((name) => `${name.toUpperCase()}_OPS_PORT`)]

/** The environment with the console on, unless it says otherwise itself: for a run of its own, with a token of its own. */
export function withConsole(env: Environment): Environment {
  const mode = env['CONSOLE'] || 'full'
  const token = env['ADMIN_TOKEN'] || (mode === 'full' ? randomBytes(18).toString('base64url') : '')
  return { ...env, CONSOLE: mode, ADMIN_TOKEN: token }
}

/** A service's environment: all of `env` that is not about the run as a whole, and where things are. */
export function serviceEnvironment(
  name: ServiceName,
  env: Environment,
  ports: Ports,
  servers: ServerAddresses,
): Environment {
  const passed = Object.fromEntries(Object.entries(env).filter(([variable]) => !runOnly.includes(variable)))
  const { host, port, user, password } = servers.database
  return {
    ...passed,
    OPS_PORT: String(ports.ops[name]),
    RABBITMQ_URL: servers.rabbitMqUrl,
    ...(stores(name) && {
      DB_HOST: host,
      DB_PORT: String(port),
      DB_USER: user,
      DB_PASSWORD: password,
      DB_NAME: databases[name],
    }),
    ...(name === 'order' && { PORT: String(ports.order), ...opsUrls(ports) }),
    ...(name === 'inventory' && { PORT: String(ports.inventory) }),
  }
}

function opsUrls({ ops }: Ports): Environment {
  const others = serviceNames.filter((name) => name !== 'order')
  return Object.fromEntries(others.map((name) => [`${name.toUpperCase()}_OPS_URL`, `http://127.0.0.1:${ops[name]}`]))
}
