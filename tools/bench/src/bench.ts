import { bareMessages } from './bare-messages.ts'
import { type BarePath, barePath } from './bare-path.ts'
import { bareSql } from './bare-sql.ts'
import { consumerAlone } from './consumer-alone.ts'
import { idleRate, type Mix } from './load-plan.ts'
import { type Hop, hopsSince } from './hops.ts'
import { type Phase, rateOf } from './phase.ts'
import { relayAlone, type RelayRates } from './relay-alone.ts'
import { Stage, violationsIn } from './stage.ts'

export interface BenchOptions {
  /** The measured time at saturation; the other phases take half of it. */
  readonly seconds: number
  /** Sagas kept under way at saturation. */
  readonly open: number
  readonly seed: number
}

export interface BenchResult {
  readonly options: BenchOptions
  readonly phases: readonly Phase[]
  /** The steps of a saga at idle. */
  readonly hops: readonly Hop[]
  /** Parts of the services without the others: events per second of a relay, messages per second of inventory. */
  readonly alone: { readonly relay: RelayRates; readonly consumer: number }
  /**
   * Sagas per second of the bare transactions, one saga in each and a hundred, and of the bare messages; and how long the
   * bare steps of one saga take.
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
const lanes = 32

/** Measures the whole system on servers of its own, audits what it did, and measures its parts and the bare servers. */
export async function bench(options: BenchOptions, say: (line: string) => void): Promise<BenchResult> {
  const { open, seconds, seed } = options
  const stage = await Stage.start({ seed, say })
  try {
    await stage.warmUp(open)
    const half = Math.ceil(seconds / 2)
    const saturation = await stage.measure({ name: 'saturation', arrivals: { open }, seconds })
    const top = rateOf(saturation)
    const phases = [
      saturation,
      await stage.measure({ name: 'mixed, saturation', arrivals: { open }, seconds: half, mix: mixed }),
      await stage.measure({ name: '80 %', arrivals: { rate: 0.8 * top }, seconds: half }),
      await stage.measure({ name: '50 %', arrivals: { rate: 0.5 * top }, seconds: half }),
    ]
    // The work that the loads before have left behind is theirs.
    await stage.tidyUp()
    const idleSince = new Date()
    phases.push(await stage.measure({ name: 'idle', arrivals: { rate: idleRate }, seconds: half }))
    const hops = await hopsSince(stage.system.databases, idleSince)
    const violations = violationsIn(await stage.audit())
    await stage.stopServices()
    const { server, system } = stage
    say('a relay alone, and a consumer alone')
    const alone = {
      relay: await relayAlone(server, system.broker.server.url),
      consumer: await consumerAlone(stage),
    }
    say('the bare servers')
    const bare = {
      sqlOne: await bareSql(server, { seconds: bareSeconds, lanes, perTransaction: 1 }),
      sqlHundred: await bareSql(server, { seconds: bareSeconds, lanes: 4, perTransaction: 100 }),
      messages: await bareMessages(system.broker, bareSeconds),
      path: await barePath(server, system.broker, bareSeconds),
    }
    return { options, phases, hops, alone, bare, violations }
  } finally {
    await stage.stop()
  }
}
