import { type BacklogResult, measureBacklog } from './backlog.ts'
import { idleRate } from './load-plan.ts'
import { type Phase, rateOf } from './phase.ts'
import { prefill } from './prefill.ts'
import { BenchEnvironment, formatViolations } from './bench-environment.ts'
import type { PrefillSize } from './windows.ts'

export interface GrowthOptions extends PrefillSize {
  /** Orders accepted while payment is stopped; 0 for none. */
  readonly backlog: number
  readonly soakMinutes: number
  /** The measured time at saturation; the other phases take 50 % of it. */
  readonly seconds: number
  readonly open: number
  readonly seed: number
}

/** The same phases at one size of the tables. */
export interface Round {
  readonly name: string
  readonly phases: readonly Phase[]
  /** Total size of the three databases. */
  readonly databaseMiB: number
}

export interface GrowthResult {
  readonly options: GrowthOptions
  /** On empty tables, on full tables, and after the soak if there was one. */
  readonly rounds: readonly Round[]
  readonly backlog: BacklogResult | undefined
  /** Consecutive slices, which show when a change began. */
  readonly soak: readonly Phase[]
  /** Empty when the audit of all orders was clean; undefined without an audit. */
  readonly violations: string | undefined
}

/** Longer than the backlog, so that no order reaches its deadline. */
const envOf = { order: { SAGA_TIMEOUT_MS: 3_600_000 } }
const soakSliceMinutes = 10
/** An audit of this many orders takes a few minutes. */
const auditedOrders = 2_000_000

/** Measures one system on empty tables, on full tables, with a backlog, and after a soak. */
export async function measureGrowth(options: GrowthOptions, say: (line: string) => void): Promise<GrowthResult> {
  const { orders, published, open, seed } = options
  const environment = await BenchEnvironment.start({ seed, say, envOf })
  try {
    await environment.warmUp(open)
    const empty = await measureRound(environment, 'empty', options)
    const [saturation] = empty.phases
    // The same load in each round: 50 % of the saturation on empty tables.
    const half = saturation === undefined ? 0 : rateOf(saturation) / 2
    say(`prefill: ${orders.toLocaleString('en')} orders, and the events of ${published.toLocaleString('en')} of them`)
    await prefill(environment, options)
    const rounds = [empty, await measureRound(environment, 'full', options, half)]
    const backlog = options.backlog > 0 ? await measureBacklog(environment, options.backlog) : undefined
    await environment.settle()
    const soak: Phase[] = []
    for (let left = options.soakMinutes; left > 0; left -= soakSliceMinutes) {
      const seconds = Math.min(left, soakSliceMinutes) * 60
      soak.push(await environment.measure({ name: `soak ${soak.length + 1}`, arrivals: { open }, seconds }))
    }
    if (soak.length > 0) rounds.push(await measureRound(environment, 'soaked', options, half))
    const violations = orders <= auditedOrders ? formatViolations(await environment.audit()) : undefined
    return { options, rounds, backlog, soak, violations }
  } finally {
    await environment.stop()
  }
}

async function measureRound(
  environment: BenchEnvironment,
  name: string,
  { open, seconds }: GrowthOptions,
  halfRate?: number,
): Promise<Round> {
  const half = Math.ceil(seconds / 2)
  const saturation = await environment.measure({ name: `${name}, saturation`, arrivals: { open }, seconds })
  const rate = halfRate ?? rateOf(saturation) / 2
  return {
    name,
    phases: [
      saturation,
      await environment.measure({ name: `${name}, 50 %`, arrivals: { rate }, seconds: half }),
      await environment.measure({ name: `${name}, idle`, arrivals: { rate: idleRate }, seconds: half }),
    ],
    databaseMiB: await environment.databaseMiB(),
  }
}
