import { rateOf } from './phase.ts'
import { Stage, violationsIn } from './stage.ts'

export interface ScaleOptions {
  readonly seconds: number
  readonly seed: number
}

/** What some processes of payment do together. */
export interface ScaleStep {
  readonly processes: number
  /** Sagas per second, and those of as many gateways as there are places for charges. */
  readonly perSecond: number
  readonly ideal: number
  /** To one process. */
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

/** A gateway that takes its time, and few places for charges: a process does 80 charges per second, and no more. */
const processingMs = 100
const concurrency = 8
const envOf = { payment: { PAYMENT_PROCESSING_MS: processingMs, PAYMENT_CONCURRENCY: concurrency } }
const processCounts = [1, 2, 4] as const
/** Several times as many as there are places at most, so that none is ever free. */
const open = 200

/** Charges per second of so many processes, if nothing but the gateway took time. */
export const idealRate = (processes: number): number => (processes * concurrency * 1_000) / processingMs

/** Measures the system at saturation with more and more processes of payment, which is what holds it up. */
export async function scale({ seconds, seed }: ScaleOptions, say: (line: string) => void): Promise<ScaleResult> {
  const stage = await Stage.start({ seed, say, envOf })
  try {
    await stage.warmUp(open)
    const steps: ScaleStep[] = []
    for (const processes of processCounts) {
      for (let running = steps.at(-1)?.processes ?? 1; running < processes; running += 1) {
        await stage.addReplica('payment')
      }
      const phase = await stage.measure({ name: `${processes} × payment`, arrivals: { open }, seconds })
      const perSecond = rateOf(phase)
      const ratio = perSecond / (steps[0]?.perSecond ?? perSecond)
      const { cores, load } = phase
      steps.push({ processes, perSecond, ideal: idealRate(processes), ratio, outcomeP99: load.outcome.p99, cores })
    }
    return { options: { seconds, seed }, steps, violations: violationsIn(await stage.audit()) }
  } finally {
    await stage.stop()
  }
}
