import { measureBareMessages } from './bare-messages.ts'
import { type BarePath, measureBarePath } from './bare-path.ts'
import { measureBareSql } from './bare-sql.ts'
import { measureConsumer } from './consumer-throughput.ts'
import { idleRate, type Mix } from './load-plan.ts'
import { type Hop, hopsSince } from './hops.ts'
import { type Phase, rateOf } from './phase.ts'
import { measureRelay, type RelayRates } from './relay-throughput.ts'
import { BenchEnvironment, formatViolations } from './bench-environment.ts'

export interface BenchOptions {
  /** The measured time at saturation; the other phases take 50 % of it. */
  readonly seconds: number
  /** Concurrent sagas at saturation. */
  readonly open: number
  /** Orders per second of the phase with a fixed rate. */
  readonly rate: number
  readonly seed: number
}

export interface BenchResult {
  readonly options: BenchOptions
  readonly phases: readonly Phase[]
  /** Latency of each step of a saga at idle. */
  readonly hops: readonly Hop[]
  /** Components alone: events per second of a relay, messages per second of inventory. */
  readonly alone: { readonly relay: RelayRates; readonly consumer: number }
  /**
   * Servers alone: sagas per second of the transactions, with 1 and 100 sagas per transaction, and of the messages; and
   * the latency of one saga.
   */
  readonly bare: {
    readonly sqlOne: number
    readonly sqlHundred: number
    readonly messages: number
    readonly path: BarePath
  }
  /** Empty when the audit of all orders was clean. */
  readonly violations: string
}

const mixed: Mix = { confirmed: 0.7, declined: 0.15, outOfStock: 0.15 }
const bareSeconds = 8
const sessions = 32

/** Measures the whole system on servers of its own, audits all orders, and measures components and servers alone. */
export async function runBench(options: BenchOptions, say: (line: string) => void): Promise<BenchResult> {
  const { open, rate, seconds, seed } = options
  const environment = await BenchEnvironment.start({ seed, say })
  try {
    await environment.warmUp(open)
    const half = Math.ceil(seconds / 2)
    const saturation = await environment.measure({ name: 'saturation', arrivals: { open }, seconds })
    const top = rateOf(saturation)
    const phases = [
      saturation,
      await environment.measure({ name: 'mixed, saturation', arrivals: { open }, seconds: half, mix: mixed }),
      await environment.measure({ name: '80 %', arrivals: { rate: 0.8 * top }, seconds: half }),
      await environment.measure({ name: '50 %', arrivals: { rate: 0.5 * top }, seconds: half }),
    ]
    // Otherwise the phases below would include the vacuum and the checkpoint of the earlier ones.
    await environment.runMaintenance()
    phases.push(await environment.measure({ name: `${rate} per second`, arrivals: { rate }, seconds: half }))
    const idleSince = new Date()
    phases.push(await environment.measure({ name: 'idle', arrivals: { rate: idleRate }, seconds: half }))
    const hops = await hopsSince(environment.system.databases, idleSince)
    const violations = formatViolations(await environment.audit())
    await environment.stopServices()
    const { server, system } = environment
    say('a relay and a consumer alone')
    const alone = {
      relay: await measureRelay(server, system.broker.server.url),
      consumer: await measureConsumer(environment),
    }
    say('the servers alone')
    const bare = {
      sqlOne: await measureBareSql(server, { seconds: bareSeconds, sessions, perTransaction: 1 }),
      sqlHundred: await measureBareSql(server, { seconds: bareSeconds, sessions: 4, perTransaction: 100 }),
      messages: await measureBareMessages(system.broker, bareSeconds),
      path: await measureBarePath(server, system.broker, bareSeconds),
    }
    return { options, phases, hops, alone, bare, violations }
  } finally {
    await environment.stop()
  }
}
