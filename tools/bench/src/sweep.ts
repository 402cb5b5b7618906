import { services } from '@order-saga/contracts'
import { cpuPerSaga, type Phase, rateOf } from './phase.ts'
import { Stage, violationsIn } from './stage.ts'

export interface SweepOptions {
  /** What is tried, each with each. */
  readonly prefetches: readonly number[]
  readonly batchSizes: readonly number[]
  /** How often; a machine that is slow for a while is so for some of all. */
  readonly rounds: number
  readonly seconds: number
  readonly open: number
  readonly seed: number
}

/** The system with one pair of settings: means over all rounds. Times are in ms. */
export interface SweepStep {
  readonly prefetch: number
  readonly batchSize: number
  readonly perSecond: number
  readonly outcomeP50: number
  readonly outcomeP99: number
  readonly cpuPerSaga: number
  readonly transactionsPerSaga: number
  readonly rabbitMqMiB: number
}

export interface SweepResult {
  readonly options: SweepOptions
  readonly steps: readonly SweepStep[]
  /** Empty when the audit of all orders was clean. */
  readonly violations: string
}

/** Measures the system at saturation with each pair of PREFETCH and BATCH_SIZE. */
export async function sweep(options: SweepOptions, say: (line: string) => void): Promise<SweepResult> {
  const { prefetches, batchSizes, rounds, seconds, open, seed } = options
  const pairs = prefetches.flatMap((prefetch) => batchSizes.map((batchSize) => ({ prefetch, batchSize })))
  const stage = await Stage.start({ seed, say })
  try {
    const phases = pairs.map((): Phase[] => [])
    for (let round = 1; round <= rounds; round += 1) {
      for (const [i, { prefetch, batchSize }] of pairs.entries()) {
        const env = { PREFETCH: prefetch, BATCH_SIZE: batchSize }
        await Promise.all(services.map((service) => stage.system.restart(service, env)))
        await stage.warmUp(open)
        const name = `round ${round} of ${rounds}, PREFETCH ${prefetch}, BATCH_SIZE ${batchSize}`
        phases[i]?.push(await stage.measure({ name, arrivals: { open }, seconds }))
      }
    }
    const steps = pairs.map((pair, i) => ({ ...pair, ...meansOf(phases[i] ?? []) }))
    return { options, steps, violations: violationsIn(await stage.audit()) }
  } finally {
    await stage.stop()
  }
}

function meansOf(phases: readonly Phase[]): Omit<SweepStep, 'prefetch' | 'batchSize'> {
  const mean = (of: (phase: Phase) => number): number =>
    phases.reduce((sum, phase) => sum + of(phase), 0) / phases.length
  return {
    perSecond: mean(rateOf),
    outcomeP50: mean(({ load }) => load.outcome.p50),
    outcomeP99: mean(({ load }) => load.outcome.p99),
    cpuPerSaga: mean(cpuPerSaga),
    transactionsPerSaga: mean(({ perSaga }) => perSaga.transactions),
    rabbitMqMiB: mean(({ memory }) => memory['RabbitMQ']?.proportionalMiB ?? Number.NaN),
  }
}
