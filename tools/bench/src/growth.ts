import { type BacklogResult, workOffBacklog } from './backlog.ts'
import { idleRate } from './load-plan.ts'
import { type Phase, rateOf } from './phase.ts'
import { prefill } from './prefill.ts'
import { Stage, violationsIn } from './stage.ts'
import type { Filling } from './stretches.ts'

export interface GrowthOptions extends Filling {
  /** Orders that pile up while payment is away; 0 for none. */
  readonly backlog: number
  readonly soakMinutes: number
  /** The measured time at saturation; the other phases take half of it. */
  readonly seconds: number
  readonly open: number
  readonly seed: number
}

/** The same phases at one age of the system. */
export interface Round {
  readonly name: string
  readonly phases: readonly Phase[]
  /** Of the three databases together. */
  readonly databaseMiB: number
}

export interface GrowthResult {
  readonly options: GrowthOptions
  /** The first on empty tables, the second on full ones, and a third when there was a soak. */
  readonly rounds: readonly Round[]
  readonly backlog: BacklogResult | undefined
  /** One after the other; slices, so that they tell when something began. */
  readonly soak: readonly Phase[]
  /** Empty when the audit of all orders was clean, undefined when they were too many. */
  readonly violations: string | undefined
}

/** No order may run into its deadline while it waits in the backlog. */
const envOf = { order: { SAGA_TIMEOUT_MS: 3_600_000 } }
const soakSliceMinutes = 10
/** As many as an audit looks through within some minutes. */
const auditedOrders = 2_000_000

/** Measures one system on empty tables, on full ones, with a backlog, and after a soak. */
export async function growth(options: GrowthOptions, say: (line: string) => void): Promise<GrowthResult> {
  const { orders, published, open, seed } = options
  const stage = await Stage.start({ seed, say, envOf })
  try {
    await stage.warmUp(open)
    const empty = await measureRound(stage, 'empty', options)
    const [saturation] = empty.phases
    // The same load at every age: half of what the empty system does.
    const half = saturation === undefined ? 0 : rateOf(saturation) / 2
    say(
      `${orders.toLocaleString('en')} orders, the events of ${published.toLocaleString('en')} of them, for the tables`,
    )
    await prefill(stage, options)
    const rounds = [empty, await measureRound(stage, 'full', options, half)]
    const backlog = options.backlog > 0 ? await workOffBacklog(stage, options.backlog) : undefined
    await stage.settle()
    const soak: Phase[] = []
    for (let left = options.soakMinutes; left > 0; left -= soakSliceMinutes) {
      const seconds = Math.min(left, soakSliceMinutes) * 60
      soak.push(await stage.measure({ name: `soak ${soak.length + 1}`, arrivals: { open }, seconds }))
    }
    if (soak.length > 0) rounds.push(await measureRound(stage, 'soaked', options, half))
    const violations = orders <= auditedOrders ? violationsIn(await stage.audit()) : undefined
    return { options, rounds, backlog, soak, violations }
  } finally {
    await stage.stop()
  }
}

async function measureRound(
  stage: Stage,
  name: string,
  { open, seconds }: GrowthOptions,
  halfRate?: number,
): Promise<Round> {
  const half = Math.ceil(seconds / 2)
  const saturation = await stage.measure({ name: `${name}, saturation`, arrivals: { open }, seconds })
  const rate = halfRate ?? rateOf(saturation) / 2
  return {
    name,
    phases: [
      saturation,
      await stage.measure({ name: `${name}, 50 %`, arrivals: { rate }, seconds: half }),
      await stage.measure({ name: `${name}, idle`, arrivals: { rate: idleRate }, seconds: half }),
    ],
    databaseMiB: await stage.databaseMiB(),
  }
}
