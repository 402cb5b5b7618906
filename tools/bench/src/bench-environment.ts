import { Client } from 'pg'
import { type ServiceName, services } from '@order-saga/contracts'
import { type PostgresServer, testServers } from '@order-saga/dev'
import type { AuditReport } from '@order-saga/operations'
import { stores } from '@order-saga/tests/support/databases'
import type { Environment, ServiceProcess } from '@order-saga/tests/support/service-process'
import { someSku } from '@order-saga/tests/support/shop'
import { System } from '@order-saga/tests/support/system'
import { countStatements } from './count-statements.ts'
import { runLoad } from './load.ts'
import type { LoadPlan, Mix } from './load-plan.ts'
import type { Part } from './machine.ts'
import { measurePhase, type Phase } from './phase.ts'

export interface BenchEnvironmentOptions {
  readonly seed: number
  readonly say: (line: string) => void
  /** Settings of the services that override their defaults. */
  readonly envOf?: Readonly<Partial<Record<ServiceName, Environment>>>
}

export interface PhasePlan {
  readonly name: string
  readonly arrivals: LoadPlan['arrivals']
  readonly seconds: number
  /** Default: confirmed orders only. */
  readonly mix?: Mix
}

/** The defaults of the services, which the test harness overrides to shorten tests. */
const defaults = { OUTBOX_POLL_INTERVAL_MS: 1_000, GAUGE_INTERVAL_MS: 15_000, LOG_LEVEL: 'warn' }
const defaultsOf = {
  order: { SAGA_TIMEOUT_MS: 90_000, TIMEOUT_CHECK_INTERVAL_MS: 10_000, MAX_OPEN_ORDERS: 10_000_000 },
  payment: { PAYMENT_SWEEP_INTERVAL_MS: 1_000, PAYMENT_SETTLE_MS: 5_000 },
}
const allConfirmed: Mix = { confirmed: 1, declined: 0, outOfStock: 0 }
const settleLimitMs = 10 * 60_000
const warmUpSeconds = 10
/** For many orders: larger pages save round trips, and a scan of a table takes longer. */
const auditOptions = { settleMs: 1_000, pageSize: 10_000, statementTimeoutMs: 10 * 60_000 }

/** The measured system on servers of its own, with an article in stock. */
export class BenchEnvironment {
  readonly server: PostgresServer
  readonly system: System
  readonly sku = someSku()
  readonly say: (line: string) => void
  readonly #superuser: Client
  readonly #seed: number
  readonly #replicas: ServiceProcess[] = []

  private constructor(
    server: PostgresServer,
    system: System,
    superuser: Client,
    { seed, say }: BenchEnvironmentOptions,
  ) {
    this.server = server
    this.system = system
    this.#superuser = superuser
    this.#seed = seed
    this.say = say
  }

  static async start(options: BenchEnvironmentOptions): Promise<BenchEnvironment> {
    const server = await testServers().postgres()
    await countStatements(server)
    const envOf = Object.fromEntries(
      services.map((service) => [
        service,
        { ...(defaultsOf as Partial<Record<ServiceName, Environment>>)[service], ...options.envOf?.[service] },
      ]),
    )
    const system = await System.start({ env: defaults, envOf })
    const environment = new BenchEnvironment(server, system, new Client({ connectionString: server.url() }), options)
    try {
      await environment.#superuser.connect()
      await system.shop.putStock(environment.sku, 100_000_000)
      return environment
    } catch (error) {
      await environment.stop()
      throw error
    }
  }

  /** All processes of the services. */
  get processes(): readonly ServiceProcess[] {
    return [...Object.values(this.system.services), ...this.#replicas]
  }

  /** Starts another process of a service. */
  async addReplica(service: ServiceName): Promise<void> {
    this.#replicas.push(await this.system.addReplica(service))
  }

  /** Runs a load so that V8 compiles the code, connections are opened and statements prepared. */
  async warmUp(open: number): Promise<void> {
    this.say(`warm-up: ${open} concurrent sagas for ${warmUpSeconds} s`)
    const ignore = async (): Promise<void> => undefined
    const plan = { ...this.#plan({ arrivals: { open }, seconds: warmUpSeconds }), warmUpS: 0 }
    await runLoad(plan, { onBegin: ignore, onEnd: ignore })
    await this.settle()
  }

  /** Measures the system under a load and waits until it is at rest. */
  async measure(plan: PhasePlan): Promise<Phase> {
    this.say(`${plan.name}: ${describe(plan.arrivals)} for ${plan.seconds} s`)
    const phase = await measurePhase(plan.name, this.#plan(plan), {
      databases: this.system.databases,
      processes: this.processes,
      superuser: this.#superuser,
      parts: this.#parts(),
    })
    await this.settle()
    return phase
  }

  async settle(): Promise<void> {
    await this.system.settle(settleLimitMs)
  }

  /** Runs VACUUM, ANALYZE and a checkpoint, so that none occurs during a measurement. */
  async runMaintenance(): Promise<void> {
    this.say('VACUUM, ANALYZE and a checkpoint')
    for (const store of stores) await this.system.sql(store, 'VACUUM (ANALYZE)')
    await this.#superuser.query('CHECKPOINT')
  }

  async audit(): Promise<AuditReport> {
    this.say('audit of all orders')
    return await this.system.audit(auditOptions)
  }

  /** Total size of the three databases, indexes included. */
  async databaseMiB(): Promise<number> {
    const { rows } = await this.#superuser.query<{ mib: number }>(
      'SELECT sum(pg_database_size(name))::float8 / 1048576 AS mib FROM unnest($1::text[]) AS name',
      [Object.values(this.system.databases.names)],
    )
    return rows[0]?.mib ?? Number.NaN
  }

  async stopServices(): Promise<void> {
    for (const process of this.processes) await process.stop()
  }

  async stop(): Promise<void> {
    await this.#superuser.end().catch(() => undefined)
    await this.system.stop()
  }

  #plan({ arrivals, seconds, mix = allConfirmed }: Omit<PhasePlan, 'name'>): LoadPlan {
    const { shop, broker } = this.system
    return {
      orderUrl: `http://127.0.0.1:${shop.port}`,
      rabbitMqUrl: broker.server.url,
      exchange: broker.exchange,
      sku: this.sku,
      seed: this.#seed,
      warmUpS: Math.max(3, Math.min(30, seconds / 6)),
      arrivals,
      mix,
      seconds,
    }
  }

  #parts(): readonly Part[] {
    const replicas = this.#replicas.map((replica, i) => [`${replica.service} ${i + 2}`, replica] as const)
    return [
      ...[...Object.entries(this.system.services), ...replicas].map(([name, { pid }]) => ({
        name,
        pid: pid ?? 0,
        withChildren: false,
      })),
      { name: 'PostgreSQL', pid: this.server.pid ?? 0, withChildren: true },
      { name: 'RabbitMQ', pid: this.system.broker.server.pid ?? 0, withChildren: true },
    ]
  }
}

/** Empty when the audit was clean. */
export const formatViolations = (report: AuditReport): string => (report.clean ? '' : JSON.stringify(report))

function describe(arrivals: LoadPlan['arrivals']): string {
  return 'open' in arrivals ? `${arrivals.open} concurrent sagas` : `${arrivals.rate.toFixed(0)} orders/s`
}
