import { number, seedIn } from '../support/number-setting.ts'

export interface ChaosOptions {
  readonly seed: number
  /** Duration of the faults. */
  readonly minutes: number
  /** Orders placed per second. */
  readonly rate: number
}

/**
 * Reads the options; SEED is random by default.
 * @throws Error with the variable and its allowed values
 */
export function readChaosOptions(env: NodeJS.ProcessEnv): ChaosOptions {
  return {
    seed: seedIn(env),
    minutes: number(env, 'MINUTES', { fallback: 2, min: 0.1, max: 24 * 60 }),
    rate: number(env, 'RATE', { fallback: 20, min: 1, max: 1_000 }),
  }
}

/** The command that repeats the schedule of faults. */
export function replayCommand({ seed, minutes, rate }: ChaosOptions): string {
  return `make chaos SEED=${seed} MINUTES=${minutes} RATE=${rate}`
}
