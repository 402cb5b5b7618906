import type { Server } from 'node:http'
import { hostname } from 'node:os'
import { type ServiceQueue, type Topology, topologyOf } from '@order-saga/contracts'
import { closeServer } from '../http/close-server.ts'
import { listen, type ListenAddress } from '../http/listen.ts'
import { Broker } from '../messaging/broker.ts'
import { Consumer, type Subscription } from '../messaging/consumer.ts'
import { Publisher } from '../messaging/publisher.ts'
import { exportUnacknowledged, stalledConsumers } from '../messaging/unacknowledged.ts'
import { Database } from '../persistence/database.ts'
import { reportLockTimeouts } from '../persistence/lock-timeouts.ts'
import { clockOf } from '../persistence/read-clock.ts'
import { measureOutbox } from '../persistence/outbox-gauges.ts'
import { exportPool } from '../persistence/pool-gauges.ts'
import { type Effect, type Reactions, Reactor } from '../persistence/reactor.ts'
import { Relay } from '../persistence/relay.ts'
import { cleanUp, messagingRetention, type RetentionRule } from '../persistence/retention.ts'
import { type SchemaVersions, schemaMismatch, waitForSchema } from '../persistence/schema.ts'
import { Breaker } from '../core/breaker.ts'
import { BreakerGauge } from '../core/breaker-gauge.ts'
import { DatabaseClock, type ReadClock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { createGaugeRefresh } from '../core/gauge-refresh.ts'
import { type ChassisMetrics, removeUnusedMetrics } from '../core/metrics.ts'
import { clockProblem, exportClockSkew } from './follow-clock.ts'
import { startOpsServer } from './ops-server.ts'
import { Periodic } from '../core/periodic.ts'
import { addressOf, brokerUrl, type CommonConfig, type DatabaseConfig } from './settings.ts'
import { systemDependencies, type RuntimeDependencies } from './runtime-dependencies.ts'
import { createTracing, type Tracing } from '../core/tracing.ts'

/** A shorter retention is cleaned up as often as it lasts, so that a table holds no more than twice what is kept. */
const cleanUpIntervalMs = 60_000
/** The clocks of two machines drift apart by less than a millisecond in this time (design of NTP: 500 ppm would be 5 ms). */
const clockIntervalMs = 10_000
/** A connection that falls idle while the process stops is closed after it: the client could keep it open for a minute. */
const idleWhileStoppingMs = 500

const nothing: Topology = { exchanges: [], queues: [], bindings: [] }

export interface ServiceOptions {
  readonly name: string
  readonly config: Omit<CommonConfig, 'prefetch'>
  /**
   * The queues of all services, which `TOPOLOGY=declare` declares before the first publish; with `assume` only those of the
   * service of this name are checked. None for a process that publishes no events.
   */
  readonly queues: readonly ServiceQueue[]
  /** `systemDependencies` unless given. */
  readonly dependencies?: RuntimeDependencies
}

export interface StoreOptions {
  readonly config: DatabaseConfig
  readonly schema: SchemaVersions
  readonly retention?: readonly RetentionRule[]
}

/** A service's database and what delivers its events. */
export interface Store {
  readonly database: Database
  readonly relay: Relay
}

/**
 * One process of the system: it owns the connections, starts things in the order in which they need each other, and on
 * SIGTERM ends them in the reverse order: readiness, HTTP and consumers, periodic tasks, effects, relay, broker, database.
 */
export class Service {
  readonly log: Log
  readonly metrics: ChassisMetrics
  readonly publisher: Publisher
  readonly tracing: Tracing
  readonly breakers: BreakerGauge
  readonly now: () => Date
  readonly newId: () => string
  readonly #dependencies: RuntimeDependencies
  readonly #options: ServiceOptions
  // Two connections: a broker that blocks publishers stops reading from their connection, acks included.
  readonly #publishing: Broker
  readonly #consuming: Broker
  readonly #consumers: Consumer[] = []
  readonly #tasks: Periodic[] = []
  readonly #servers: { server: Server; address: ListenAddress }[] = []
  readonly #drains: (() => Promise<void>)[] = []
  readonly #stop = new AbortController()
  readonly #topology: Topology
  readonly #clock = new DatabaseClock()
  #readClock: ReadClock | undefined
  #maxClockSkewMs = Infinity
  /** Logged once until it changes. */
  #databaseFailure: string | undefined
  #store: (Store & { schema: SchemaVersions }) | undefined

  private constructor(options: ServiceOptions, log: Log, tracing: Tracing) {
    const { config, queues, dependencies = systemDependencies } = options
    this.#options = options
    this.#dependencies = dependencies
    this.now = dependencies.now ?? (() => this.#clock.now())
    this.newId = dependencies.newId
    this.log = log
    this.tracing = tracing
    this.metrics = dependencies.createMetrics()
    this.breakers = new BreakerGauge(this.metrics.registry, log)
    const { exchange, retryDelaysMs, topology: mode } = config
    const visible = mode === 'declare' ? queues : queues.filter(({ service }) => service === options.name)
    // A process without queues, the console, may not see the topic exchange.
    this.#topology = visible.length === 0 ? nothing : topologyOf({ exchange, queues: visible, retryDelaysMs })
    this.#publishing = this.#broker('publishing')
    this.#consuming = this.#broker('consuming')
    this.publisher = new Publisher(this.#publishing, this.log)
  }

  static async create(options: ServiceOptions): Promise<Service> {
    const { name, config, dependencies = systemDependencies } = options
    const log = dependencies.createLog(name, config.logLevel)
    const tracing = await createTracing({
      service: name,
      endpoint: config.otlpEndpoint,
      sampleRatio: config.traceShare,
      onExportError: (reason) => log.warn({ reason }, 'traces could not be sent'),
    })
    return new Service(options, log, tracing)
  }

  /** The connection that does not publish; undefined while the broker is unavailable. */
  get connection(): Broker['connection'] {
    return this.#consuming.connection
  }

  #broker(purpose: string): Broker {
    const { name, config } = this.#options
    return new Broker({
      url: brokerUrl(config),
      name: `${name} ${purpose} ${hostname()} ${process.pid}`,
      topology: this.#topology,
      mode: config.topology,
      log: this.log,
      connect: this.#dependencies.connectBroker,
      onFatal: (error) => this.#fail(error.message),
    })
  }

  /** Gives the service a database with outbox and inbox. */
  withStore(options: StoreOptions): Store {
    const { config, schema, retention = [] } = options
    const database = new Database({
      ...addressOf(config),
      poolMax: config.dbPoolMax,
      applicationName: this.#options.name,
      log: this.log,
      onLockTimeout: reportLockTimeouts(this.metrics, this.log),
      createPool: this.#dependencies.createPool,
    })
    const relay = new Relay({
      database,
      publisher: this.publisher,
      exchange: this.#options.config.exchange,
      log: this.log,
      metrics: this.metrics,
      tracing: this.tracing,
      pollIntervalMs: config.outboxPollIntervalMs,
      parkAfterMs: config.outboxParkAfterMs,
      queuesOf: (event) =>
        this.#options.queues
          .filter(({ events }) => events.some(({ name }) => name === event))
          .map(({ queue }) => queue),
      now: this.now,
    })
    const rules = [...messagingRetention(config.outboxRetentionMs, config.inboxRetentionMs), ...retention]
    const cleanUpMs = Math.min(cleanUpIntervalMs, config.outboxRetentionMs, config.inboxRetentionMs)
    this.every('clean-up', cleanUpMs, () => cleanUp(database, rules, this.now(), this.#stop.signal))
    const { outboxPending, outboxOldestPending, outboxParked, outboxUnroutable } = this.metrics
    const gauges = [outboxPending, outboxOldestPending, outboxParked, outboxUnroutable]
    const measure = (): Promise<void> => measureOutbox(database, this.metrics, this.now())
    this.every('outbox-gauges', config.gaugeIntervalMs, createGaugeRefresh(gauges, measure))
    exportPool(this.metrics, database)
    this.followClock((sql) => database.query(sql), config.maxClockSkewMs)
    this.#countFromZero()
    this.#store = { database, relay, schema }
    return this.#store
  }

  /**
   * Connections for requests that read, beside those of the store, which they would occupy. Sessions are read-only. Closed
   * when the process stops.
   */
  openReads(config: DatabaseConfig & { readonly dbReadPoolMax: number }): Database {
    const database = new Database({
      ...addressOf(config),
      poolMax: config.dbReadPoolMax,
      applicationName: `${this.#options.name} reads`,
      readOnly: true,
      log: this.log,
      createPool: this.#dependencies.createPool,
    })
    this.onDrain(() => database.close())
    return database
  }

  /**
   * Makes `now` the time of a database, measured at start and periodically. A process whose own clock differs by more than
   * `maxSkewMs` is not ready. A process without a database uses its own clock.
   */
  followClock(query: Parameters<typeof clockOf>[0], maxSkewMs: number): void {
    if (this.#dependencies.now !== undefined) return
    const read = clockOf(query)
    this.#readClock = read
    this.#maxClockSkewMs = maxSkewMs
    this.every('clock', clockIntervalMs, () => this.#clock.measure(read))
    exportClockSkew(this.metrics, this.#clock)
  }

  /** A counter that appears with its first event hides that event from `rate()`. */
  #countFromZero(): void {
    const { name, queues } = this.#options
    for (const event of queues.flatMap(({ events }) => events)) {
      if (event.publishedBy === name) this.metrics.outboxPublished.inc({ event: event.name }, 0)
    }
  }

  /** A reactor on the service's store. */
  reactor<S, E extends Effect>(reactions: Reactions<S, E>, batchSize: number): Reactor<S, E> {
    const store = this.#store
    if (store === undefined) throw new Error('a reactor needs a store')
    const breaker = new Breaker({ name: 'database', onChange: this.breakers.onChange('database') })
    return new Reactor(reactions, { ...store, now: this.now, newId: this.newId, batchSize, breaker })
  }

  consume(subscription: Omit<Subscription, 'retryDelaysMs'>): void {
    const { retryDelaysMs } = this.#options.config
    this.#consumers.push(
      new Consumer(
        { ...subscription, retryDelaysMs },
        {
          broker: this.#consuming,
          publisher: this.publisher,
          log: this.log,
          metrics: this.metrics,
          tracing: this.tracing,
          now: this.now,
        },
      ),
    )
  }

  every(task: string, intervalMs: number, work: () => Promise<void>): void {
    this.#tasks.push(new Periodic(task, intervalMs, work, this.log))
  }

  /** @param config the settings HTTP_HOST and PORT */
  serve(server: Server, { httpHost: host, port }: { readonly httpHost: string; readonly port: number }): void {
    this.#servers.push({ server, address: { host, port } })
  }

  /** Called when the process begins to stop: ends waits, so that the drain can proceed. */
  onStop(stop: () => void): void {
    this.#stop.signal.addEventListener('abort', stop)
  }

  /** Work that must complete after the consumers and before the relay stops. */
  onDrain(drain: () => Promise<void>): void {
    this.#drains.push(drain)
  }

  /** Starts everything. Returns once the service is set up; it waits for unavailable dependencies and does not fail. */
  async run(): Promise<void> {
    for (const event of ['unhandledRejection', 'uncaughtException']) {
      process.on(event, (error: unknown) =>
        this.#fail(messageOf(error), error instanceof Error ? error.stack : undefined),
      )
    }
    const { config, name } = this.#options
    if (config.topology === 'declare') {
      this.log.warn('TOPOLOGY=declare: the user of the broker has all rights, so publishers are not separated')
    }
    if (this.#consumers.length > 0) exportUnacknowledged(this.metrics, this.#consumers)
    removeUnusedMetrics(this.metrics, { store: this.#store === undefined, api: this.#servers.length === 0 })
    try {
      await startOpsServer({
        host: config.opsHost,
        port: config.opsPort,
        registry: this.metrics.registry,
        log: this.log,
        notReady: () => this.#notReady(),
        warnings: () => stalledConsumers(this.#consumers),
        shutdown: () => this.#drain(),
        shutdownTimeoutMs: config.shutdownTimeoutMs,
      })
      await this.work()
      if (this.#stop.signal.aborted) return
      for (const { server, address } of this.#servers) await listen(server, address, 'HTTP_HOST')
      this.log.info('started')
    } catch (error) {
      this.#fail(`${name} could not start: ${messageOf(error)}`)
    }
  }

  /** Starts what works on messages and tables, once the schema fits: all of `run` but its servers and signals. */
  async work(): Promise<void> {
    if (this.#store !== undefined) {
      await waitForSchema(this.#store.database, this.#store.schema, {
        signal: this.#stop.signal,
        prepare: async (database) => {
          await this.#dependencies.verifySessions(database)
          if (this.#readClock !== undefined) await this.#clock.measure(this.#readClock)
        },
        onWait: (reason) => this.log.warn({ reason }, 'waiting for the database'),
      })
    }
    if (this.#stop.signal.aborted) return
    this.#publishing.start()
    this.#store?.relay.start()
    this.#consuming.start()
    for (const task of this.#tasks) task.start()
  }

  async #notReady(): Promise<string[]> {
    const reasons: string[] = []
    let failure: string | undefined
    if (this.#store !== undefined) {
      const mismatch = await schemaMismatch(this.#store.database, this.#store.schema).catch((error: unknown) => {
        failure = messageOf(error)
        // The port has no authentication, and the error may name users and servers: it is logged.
        return 'The database is unavailable.'
      })
      if (mismatch !== undefined) reasons.push(mismatch)
    }
    if (failure !== undefined && failure !== this.#databaseFailure)
      this.log.warn({ reason: failure }, 'the database is unavailable')
    this.#databaseFailure = failure
    const skew = clockProblem(this.#clock, this.#maxClockSkewMs)
    if (skew !== undefined) reasons.push(skew)
    // A process without consumers answers its requests meanwhile.
    if (this.#consumers.length > 0 && !(this.#publishing.isReady && this.#consuming.isReady)) {
      reasons.push(this.#consuming.missing ?? this.#publishing.missing ?? 'The broker is not connected.')
    }
    for (const { server } of this.#servers) if (!server.listening) reasons.push('The API is not listening yet.')
    return reasons
  }

  async #drain(): Promise<void> {
    this.#stop.abort()
    for (const { server } of this.#servers) server.keepAliveTimeout = idleWhileStoppingMs
    await Promise.all([
      ...this.#servers.map(({ server }) => closeServer(server)),
      ...this.#consumers.map((consumer) => consumer.drain()),
      ...this.#tasks.map((task) => task.stop()),
    ])
    let failure: unknown
    for (const drain of this.#drains) await drain().catch((error: unknown) => (failure = error))
    await this.#store?.relay.drain()
    await this.publisher.close()
    await Promise.all([
      this.#consuming.close(),
      this.#publishing.close(),
      this.#store?.database.close(),
      this.tracing.close(),
    ])
    if (failure !== undefined) throw failure
  }

  #fail(reason: string, stack?: string): void {
    this.log.fatal(stack === undefined ? {} : { stack }, reason)
    process.exit(1)
  }
}
