import { services } from '@order-saga/contracts'
import { cpuPerSaga, type Phase, rateOf } from './phase.ts'
import { BenchEnvironment, formatViolations } from './bench-environment.ts'

export interface SweepOptions {
  /** Each value is combined with each batch size. */
  readonly prefetches: readonly number[]
  readonly batchSizes: readonly number[]
  /** Repetitions, so that a temporary slowdown of the machine affects all pairs. */
  readonly rounds: number
  readonly seconds: number
  readonly open: number
  readonly seed: number
}

/** Means over all rounds for one pair of settings. Times are in ms. */
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
export async function measureSweep(options: SweepOptions, say: (line: string) => void): Promise<SweepResult> {
  const { prefetches, batchSizes, rounds, seconds, open, seed } = options
  const pairs = prefetches.flatMap((prefetch) => batchSizes.map((batchSize) => ({ prefetch, batchSize })))
  const environment = await BenchEnvironment.start({ seed, say })
  try {
    const phases = pairs.map((): Phase[] => [])
    for (let round = 1; round <= rounds; round += 1) {
      for (const [i, { prefetch, batchSize }] of pairs.entries()) {
        const env = { PREFETCH: prefetch, BATCH_SIZE: batchSize }
        await Promise.all(services.map((service) => environment.system.restart(service, env)))
        await environment.warmUp(open)
        const name = `round ${round} of ${rounds}, PREFETCH ${prefetch}, BATCH_SIZE ${batchSize}`
        phases[i]?.push(await environment.measure({ name, arrivals: { open }, seconds }))
      }
    }
    const steps = pairs.map((pair, i) => ({ ...pair, ...meansOf(phases[i] ?? []) }))
    return { options, steps, violations: formatViolations(await environment.audit()) }
  } finally {
    await environment.stop()
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
