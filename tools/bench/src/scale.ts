import { rateOf } from './phase.ts'
import { BenchEnvironment, formatViolations } from './bench-environment.ts'

export interface ScaleOptions {
  readonly seconds: number
  readonly seed: number
}

/** The measurement with a number of payment processes. */
export interface ScaleStep {
  readonly processes: number
  /** Sagas per second: measured, and the limit of the gateway. */
  readonly perSecond: number
  readonly ideal: number
  /** Ratio to the throughput with one process. */
  readonly ratio: number
  readonly outcomeP99: number
  readonly cores: number
}

export interface ScaleResult {
  readonly options: ScaleOptions
  readonly steps: readonly ScaleStep[]
  /** Empty when the audit of all orders was clean. */
  readonly violations: string
}

/** A slow gateway and a low concurrency limit: at most 80 charges per second and process. */
const processingMs = 100
const concurrency = 8
const envOf = { payment: { PAYMENT_PROCESSING_MS: processingMs, PAYMENT_CONCURRENCY: concurrency } }
const processCounts = [1, 2, 4] as const
/** Well above the total concurrency limit, so that it is always exhausted. */
const open = 200

/** Charges per second if only the gateway took time. */
export const idealRate = (processes: number): number => (processes * concurrency * 1_000) / processingMs

/** Measures the system at saturation with an increasing number of payment processes, which are the bottleneck. */
export async function measureScale({ seconds, seed }: ScaleOptions, say: (line: string) => void): Promise<ScaleResult> {
  const environment = await BenchEnvironment.start({ seed, say, envOf })
  try {
    await environment.warmUp(open)
    const steps: ScaleStep[] = []
    for (const processes of processCounts) {
      for (let running = steps.at(-1)?.processes ?? 1; running < processes; running += 1) {
        await environment.addReplica('payment')
      }
      const phase = await environment.measure({ name: `${processes} × payment`, arrivals: { open }, seconds })
      const perSecond = rateOf(phase)
      const ratio = perSecond / (steps[0]?.perSecond ?? perSecond)
      const { cores, load } = phase
      steps.push({ processes, perSecond, ideal: idealRate(processes), ratio, outcomeP99: load.outcome.p99, cores })
    }
    return { options: { seconds, seed }, steps, violations: formatViolations(await environment.audit()) }
  } finally {
    await environment.stop()
  }
}
