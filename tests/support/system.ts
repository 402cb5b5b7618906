import { randomBytes } from 'node:crypto'
import { type Definitions, type ServiceName, services } from '@order-saga/contracts'
import { type AuditOptions, type AuditReport, audit, formatReport } from '@order-saga/operations'
import { waitUntil } from '@order-saga/dev'
import { freePort } from '../../tools/dev/src/free-port.ts'
import { RunFolder } from '../../tools/dev/src/run-folder.ts'
import type { SagaAnswer } from '../../services/order/src/http/order-answer.ts'
import type { MailServer } from './mail/mail-server.ts'
import type { Provider } from './provider/provider.ts'
import { TestBroker, retryDelaysMs } from './broker.ts'
import { assertBuilt } from './built.ts'
import { roleUrl, rolesOf } from './database-roles.ts'
import { Databases, type Store, stores } from './databases.ts'
import { ledgerOf } from './ledger.ts'
import { Metrics } from './metrics.ts'
import { unfinishedWork } from './unfinished-work.ts'
import { type Environment, type Program, ServiceProcess } from './service-process.ts'
import { type PlacedOrder, Shop } from './shop.ts'

export interface SystemOptions {
  /** Settings of all services, and of single ones. */
  readonly env?: Environment
  readonly envOf?: Readonly<Partial<Record<ServiceName, Environment>>>
  /** Those that are started; the others can be started later. */
  readonly services?: readonly ServiceName[]
  /** Where payment moves the money; it simulates it when left out. */
  readonly provider?: Provider
  readonly mailServer?: MailServer
  /** Gives each service a user of its own, by the broker's definitions that it returns; only with own servers. */
  readonly separateUsers?: (definitions: Definitions) => Definitions
  /** Settings of the console; it is started, after the services, only with this. */
  readonly console?: Environment
}

const settleLimitMs = 60_000
/** Each poll takes about forty requests to the servers. */
const settleIntervalMs = 100

/** The four services as processes of their own, on databases and queues of their own. */
export class System {
  readonly broker: TestBroker
  readonly databases: Databases
  readonly shop: Shop
  readonly services: Readonly<Record<ServiceName, ServiceProcess>>
  readonly options: SystemOptions
  readonly #console: ServiceProcess | undefined
  readonly #folder: RunFolder
  readonly #replicas: ServiceProcess[] = []

  private constructor(parts: {
    broker: TestBroker
    databases: Databases
    shop: Shop
    services: Record<ServiceName, ServiceProcess>
    console: ServiceProcess | undefined
    options: SystemOptions
    folder: RunFolder
  }) {
    this.broker = parts.broker
    this.databases = parts.databases
    this.shop = parts.shop
    this.services = parts.services
    this.#console = parts.console
    this.options = parts.options
    this.#folder = parts.folder
  }

  /** Resolves when every service that was to be started is ready. */
  static async start(options: SystemOptions = {}): Promise<System> {
    await assertBuilt([...services, ...(options.console === undefined ? [] : (['operations'] as const))])
    const suffix = randomBytes(4).toString('hex')
    const [databases, broker] = await Promise.all([Databases.create(suffix), TestBroker.create(suffix)])
    if (options.separateUsers) await broker.separateUsers(options.separateUsers(broker.definitions()))
    const folder = await RunFolder.create('system')
    const ports = { order: await freePort(), inventory: await freePort() }
    const common = commonEnvironment(databases, broker)
    const made = await Promise.all(
      services.map(async (service) => {
        const opsPort = await freePort()
        const env = {
          ...common,
          RABBITMQ_URL: broker.urlOf(service),
          TOPOLOGY: options.separateUsers ? 'assume' : 'declare',
          ...environmentOf(service, { databases, ports, options }),
          ...options.env,
          ...options.envOf?.[service],
          OPS_PORT: opsPort,
        }
        return [service, new ServiceProcess({ service, env, opsPort, folder })]
      }),
    )
    const system = new System({
      broker,
      databases,
      shop: new Shop(ports),
      services: Object.fromEntries(made) as Record<ServiceName, ServiceProcess>,
      console: options.console && (await consoleProcess(options.console, { databases, common, folder })),
      options,
      folder,
    })
    await Promise.all((options.services ?? services).map((service) => system.start(service)))
    if (options.console !== undefined) await system.startConsole()
    return system
  }

  /** @throws Error when the system was started without one */
  get console(): ServiceProcess {
    if (this.#console === undefined) throw new Error('the system was started without a console')
    return this.#console
  }

  async startConsole(env?: Environment): Promise<void> {
    await this.console.start(env)
    await this.console.ready()
  }

  async sql<R extends object = Record<string, unknown>>(
    store: Store,
    text: string,
    values?: readonly unknown[],
  ): Promise<R[]> {
    return await this.databases.sql<R>(store, text, values)
  }

  /** Starts a service that does not run, with some settings changed if need be, and waits until it is ready. */
  async start(service: ServiceName, env?: Environment): Promise<void> {
    await this.services[service].start(env)
    await this.services[service].ready()
  }

  /** Starts one more process of a service, beside the one that runs, of this checkout unless a program is given. */
  async addReplica(service: ServiceName, program?: Program): Promise<ServiceProcess> {
    const replica = await this.services[service].replica({ PORT: await freePort() }, program)
    this.#replicas.push(replica)
    await replica.ready()
    return replica
  }

  /** Stops a service in good order and starts it with some settings changed. */
  async restart(service: ServiceName, env?: Environment): Promise<void> {
    await this.services[service].stop()
    await this.start(service, env)
  }

  async metrics(service: ServiceName): Promise<Metrics> {
    return await Metrics.read(this.services[service].opsUrl)
  }

  /** Waits for a condition; when the limit passes, the state of the whole system is part of the error. */
  async until<T>(
    what: string,
    probe: () => Promise<T | undefined | false> | T | undefined | false,
    limitMs = 30_000,
    intervalMs = 50,
  ): Promise<T> {
    try {
      return await waitUntil(probe, { what, limitMs, intervalMs })
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await this.state()}`, { cause: error })
    }
  }

  /** Resolves with the saga once it is final, its refund included. */
  async untilFinal(sagaId: string): Promise<SagaAnswer> {
    return await this.until(`saga ${sagaId} to end`, async () => {
      const saga = await this.shop.saga(sagaId)
      return saga.finishedAt !== null && saga.compensation !== 'refund_requested' && saga
    })
  }

  async untilStatus(sagaId: string, status: SagaAnswer['status']): Promise<void> {
    await this.until(`saga ${sagaId} to be ${status}`, async () => (await this.shop.saga(sagaId)).status === status)
  }

  /** Sets the deadline of one open saga to now; payment keeps the deadline of order.created. */
  async passDeadline({ sagaId }: PlacedOrder): Promise<void> {
    await this.sql('order', 'UPDATE saga_instances SET timeout_at = now() WHERE saga_id = $1', [sagaId])
    await this.untilStatus(sagaId, 'timeout_cancelled')
  }

  /** Resolves when no order, message or request is in flight. @param deliver runs before each check */
  async settle(limitMs = settleLimitMs, deliver = async (): Promise<void> => undefined): Promise<void> {
    const { databases, broker } = this
    const { mailServer } = this.options
    const isAtRest = async (): Promise<boolean> =>
      (await unfinishedWork({ databases, broker, mailServer })).length === 0
    await this.until(
      'the system to come to rest',
      // Twice: an event that moves on while databases and queues are read one after the other may be seen in none of them.
      async () => {
        await deliver()
        return (await isAtRest()) && (await isAtRest())
      },
      limitMs,
      settleIntervalMs,
    )
  }

  async audit(options: AuditOptions = {}): Promise<AuditReport> {
    const { broker, databases, shop } = this
    const { provider } = this.options
    const urls = stores.map((store) => [
      store,
      { url: roleUrl(databases.server, databases.names[store], store, 'reader') },
    ])
    return await audit(
      {
        ...(Object.fromEntries(urls) as Record<Store, { url: string }>),
        broker: { url: broker.server.url, queues: broker.queues, retryDelaysMs },
        clientAnswers: shop.answers,
        gateway: provider && ledgerOf(provider.ledger),
      },
      { settleMs: 250, toleranceMs: 2_000, ...options },
    )
  }

  /** @throws Error with the report when an invariant is violated */
  async assertClean(options?: AuditOptions): Promise<void> {
    const report = await this.audit(options)
    if (!report.clean) throw new Error(`The audit found violations.\n${formatReport(report)}`)
  }

  /** The state of services and queues, as text for error messages. */
  async state(): Promise<string> {
    const { databases, broker } = this
    const reasons = await unfinishedWork({ databases, broker, mailServer: this.options.mailServer }).catch(
      (error: unknown) => [`the state cannot be read: ${String(error)}`],
    )
    const depths = await broker.depths().catch(() => ({}))
    const stopped = services.filter((service) => !this.services[service].running)
    return [
      `In flight: ${reasons.join('; ') || 'nothing'}`,
      `Queues: ${JSON.stringify(depths)}`,
      `Not running: ${stopped.join(', ') || 'none'}`,
    ].join('\n')
  }

  /**
   * Stops every service with SIGTERM and removes what the system had.
   * @throws Error when one does not end in good order, or leaves a connection behind
   */
  async stop(): Promise<void> {
    const processes = [...Object.values(this.services), ...this.#replicas, ...(this.#console ? [this.#console] : [])]
    const ends = await Promise.allSettled(processes.map((process) => process.stop()))
    const left = await this.#connectionsLeft()
    await this.broker.delete()
    await this.databases.drop()
    await this.#folder.remove()
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    if (left !== '') throw new Error(left)
  }

  async #connectionsLeft(): Promise<string> {
    let left = ''
    await waitUntil(
      async () => {
        const open = await this.databases.connectionsLeft()
        const consumers = await Promise.all(services.map((service) => this.broker.consumersOf(service)))
        const consuming = consumers.reduce((sum, count) => sum + count, 0)
        left = open + consuming === 0 ? '' : `${open} database connections and ${consuming} consumers were left`
        return left === ''
      },
      { what: 'the services to be gone', limitMs: 5_000 },
    ).catch(() => undefined)
    return left
  }
}

async function consoleProcess(
  env: Environment,
  { databases, common, folder }: { databases: Databases; common: Environment; folder: RunFolder },
): Promise<ServiceProcess> {
  const opsPort = await freePort()
  const settings = {
    ...common,
    ...storeEnvironment(databases),
    PORT: await freePort(),
    OPS_PORT: opsPort,
  }
  return new ServiceProcess({ service: 'console', env: { ...settings, ...env }, opsPort, folder })
}

/** The settings by which the console, the audit and `saga` reach the databases: with one role to read and one to change. */
export function storeEnvironment({ server, names }: Databases): Record<string, string> {
  const readers = stores.map((store) => [
    `${store.toUpperCase()}_DB_URL`,
    roleUrl(server, names[store], store, 'reader'),
  ])
  return { ...(Object.fromEntries(readers) as Record<string, string>), ...storeLogins('operator') }
}

/** The logins of a role beside the one for reading, as the settings of operations. */
export function storeLogins(role: 'operator' | 'runtime'): Record<string, string> {
  return Object.fromEntries(
    stores.flatMap((store) => {
      const { user, password } = rolesOf(store)[role]
      const prefix = `${store}_${role}_DB`.toUpperCase()
      return [
        [`${prefix}_USER`, user],
        [`${prefix}_PASSWORD`, password],
      ]
    }),
  )
}

function commonEnvironment({ server }: Databases, broker: TestBroker): Environment {
  const { exchange, queues } = broker
  return {
    RABBITMQ_URL: broker.urlOf('operations'),
    ORDER_EXCHANGE: exchange,
    ORDER_QUEUE: queues.orderQueue,
    PAYMENT_QUEUE: queues.paymentQueue,
    INVENTORY_QUEUE: queues.inventoryQueue,
    NOTIFICATION_QUEUE: queues.notificationQueue,
    RETRY_DELAYS_MS: retryDelaysMs.join(','),
    DB_HOST: '127.0.0.1',
    DB_PORT: server.port,
    OUTBOX_POLL_INTERVAL_MS: 250,
    GAUGE_INTERVAL_MS: 500,
  }
}

function environmentOf(
  service: ServiceName,
  {
    databases,
    ports,
    options: { provider, mailServer },
  }: {
    databases: Databases
    ports: { order: number; inventory: number }
    options: SystemOptions
  },
): Environment {
  const login = (store: Store): Environment => {
    const { user, password } = rolesOf(store).runtime
    return { DB_USER: user, DB_PASSWORD: password, DB_NAME: databases.names[store] }
  }
  switch (service) {
    case 'order':
      return {
        ...login('order'),
        PORT: ports.order,
        SAGA_TIMEOUT_MS: 60_000,
        TIMEOUT_CHECK_INTERVAL_MS: 250,
      }
    case 'payment':
      return {
        ...login('payment'),
        PAYMENT_SWEEP_INTERVAL_MS: 250,
        PAYMENT_SETTLE_MS: 100,
        ...(provider === undefined
          ? {}
          : {
              PAYMENT_GATEWAY: 'http',
              PAYMENT_GATEWAY_URL: provider.url,
              PAYMENT_GATEWAY_API_KEY: provider.apiKey,
              PAYMENT_GATEWAY_TIMEOUT_MS: 2_000,
            }),
      }
    case 'inventory':
      return { ...login('inventory'), PORT: ports.inventory }
    case 'notification':
      return mailServer === undefined ? {} : { SMTP_URL: mailServer.url }
  }
}
