import { Client } from 'pg'
import { type ServiceName, services } from '@order-saga/contracts'
import { type PostgresServer, testServers } from '@order-saga/local'
import { someSku } from '../harness/shop.ts'
import { System } from '../harness/system.ts'
import { bareMessages } from './bare-messages.ts'
import { bareSql } from './bare-sql.ts'
import { type Costs, costsOf, perSaga } from './costs.ts'
import { runLoad } from './load.ts'
import type { LoadPlan, LoadResult, Mix } from './load-plan.ts'
import { type Part, type Usage, usageOf } from './machine.ts'

export interface BenchOptions {
  /** The measured time at saturation; the other phases take half of it. */
  readonly seconds: number
  /** Sagas kept under way at saturation. */
  readonly open: number
  readonly seed: number
}

export interface Phase {
  readonly name: string
  readonly load: LoadResult
  /** CPU time spent by each part in the measured time, in ms. */
  readonly cpuMs: Readonly<Record<string, number>>
  /** Memory at its end. */
  readonly memory: Readonly<Record<string, Usage>>
  /** For each saga that was completed in the measured time. */
  readonly perSaga: Costs
}

export interface BenchResult {
  readonly options: BenchOptions
  readonly phases: readonly Phase[]
  /** Sagas per second of the bare transactions, one saga in each and a hundred, and of the bare messages. */
  readonly bare: { readonly sqlOne: number; readonly sqlHundred: number; readonly messages: number }
  /** Empty when the audit of all orders was clean. */
  readonly violations: string
}

/** The defaults of the services, where the harness has others for the sake of short tests. */
const asByDefault = { OUTBOX_POLL_INTERVAL_MS: 1_000, LOG_LEVEL: 'warn', MAX_OPEN_ORDERS: 1_000_000 }
const asByDefaultOf = {
  order: { SAGA_TIMEOUT_MS: 90_000, TIMEOUT_CHECK_INTERVAL_MS: 10_000 },
  payment: { PAYMENT_SWEEP_INTERVAL_MS: 1_000, PAYMENT_SETTLE_MS: 5_000 },
}
const happy: Mix = { confirmed: 1, declined: 0, outOfStock: 0 }
const mixed: Mix = { confirmed: 0.7, declined: 0.15, outOfStock: 0.15 }
const idleRate = 10
const settleLimitMs = 5 * 60_000
const bareSeconds = 8
const lanes = 32

/** Measures the whole system on servers of its own, then the bare servers beside it, and audits what it did. */
export async function bench(options: BenchOptions, say: (line: string) => void): Promise<BenchResult> {
  const server = await testServers().postgres()
  await countStatements(server)
  const system = await System.start({ env: asByDefault, envOf: asByDefaultOf })
  const superuser = new Client({ connectionString: server.url() })
  await superuser.connect()
  try {
    const sku = someSku()
    await system.shop.putStock(sku, 100_000_000)
    const parts = await partsOf(system, server)
    const phases: Phase[] = []
    const measure = async (
      name: string,
      arrivals: LoadPlan['arrivals'],
      mix: Mix,
      measuredSeconds: number,
    ): Promise<Phase> => {
      say(`${name}: ${describe(arrivals)} for ${measuredSeconds} s`)
      const phase = await measurePhase(
        { system, superuser, parts, name },
        { ...options, sku, arrivals, mix, seconds: measuredSeconds },
      )
      phases.push(phase)
      await system.settle(settleLimitMs)
      return phase
    }
    const { open, seconds } = options
    const half = Math.ceil(seconds / 2)
    const saturation = await measure('saturation', { open }, happy, seconds)
    const top = saturation.load.completed / saturation.load.seconds
    await measure('mixed, saturation', { open }, mixed, half)
    await measure('80 %', { rate: 0.8 * top }, happy, half)
    await measure('50 %', { rate: 0.5 * top }, happy, half)
    await measure('idle', { rate: idleRate }, happy, half)
    say('the audit of all orders')
    const report = await system.audit({ settleMs: 1_000 })
    const violations = report.clean ? '' : JSON.stringify(report)
    for (const service of services) await system.services[service].stop()
    say('the bare servers')
    const bare = {
      sqlOne: await bareSql(server, { seconds: bareSeconds, lanes, perTransaction: 1 }),
      sqlHundred: await bareSql(server, { seconds: bareSeconds, lanes: 4, perTransaction: 100 }),
      messages: await bareMessages(system.broker, bareSeconds),
    }
    return { options, phases, bare, violations }
  } finally {
    await superuser.end()
    await system.stop()
  }
}

async function measurePhase(
  { system, superuser, parts, name }: { system: System; superuser: Client; parts: readonly Part[]; name: string },
  plan: Pick<LoadPlan, 'sku' | 'arrivals' | 'mix' | 'seconds' | 'seed'>,
): Promise<Phase> {
  let before: { costs: Costs; usage: Record<string, Usage> } | undefined
  let after: typeof before
  const look = async (generator: number): Promise<NonNullable<typeof before>> => ({
    costs: await costsOf(system, superuser),
    usage: await usageOf([...parts, { name: 'load generator', pid: generator, withChildren: false }]),
  })
  const load = await runLoad(
    {
      ...plan,
      orderUrl: `http://127.0.0.1:${system.shop.port}`,
      rabbitMqUrl: system.broker.server.url,
      exchange: system.broker.exchange,
      warmUpS: Math.max(3, plan.seconds / 6),
    },
    {
      onBegin: async (pid) => {
        before = await look(pid)
      },
      onEnd: async (pid) => {
        after = await look(pid)
      },
    },
  )
  if (before === undefined || after === undefined) throw new Error('The load generator measured nothing.')
  const [begun, ended] = [before, after]
  const cpuMs = Object.fromEntries(
    Object.entries(ended.usage).map(([part, usage]) => [part, usage.cpuMs - (begun.usage[part]?.cpuMs ?? 0)]),
  )
  const completed = Math.max(1, load.completed)
  return { name, load, cpuMs, memory: ended.usage, perSaga: perSaga(begun.costs, ended.costs, completed) }
}

/** Makes the server count the statements it is sent. */
async function countStatements(server: PostgresServer): Promise<void> {
  const run = async (...statements: string[]): Promise<void> => {
    const client = new Client({ connectionString: server.url() })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  await run(`ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`)
  await server.restart()
  await run('CREATE EXTENSION IF NOT EXISTS pg_stat_statements')
}

async function partsOf(system: System, server: PostgresServer): Promise<readonly Part[]> {
  const pidOf = (service: ServiceName): number => system.services[service].pid ?? 0
  return [
    ...services.map((service) => ({ name: service, pid: pidOf(service), withChildren: false })),
    { name: 'PostgreSQL', pid: server.pid ?? 0, withChildren: true },
    { name: 'RabbitMQ', pid: system.broker.server.pid ?? 0, withChildren: true },
  ]
}

function describe(arrivals: LoadPlan['arrivals']): string {
  return 'open' in arrivals ? `${arrivals.open} sagas under way` : `${arrivals.rate.toFixed(0)} orders/s`
}
