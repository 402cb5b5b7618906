import { number, seedIn } from '../support/number-setting.ts'

export interface ChaosOptions {
  readonly seed: number
  /** How long faults strike. */
  readonly minutes: number
  /** Orders placed per second. */
  readonly rate: number
}

/**
 * What the environment asks for; SEED is chosen when it is not given.
 * @throws Error naming the variable and what it may be
 */
export function chaosOptions(env: NodeJS.ProcessEnv): ChaosOptions {
  return {
    seed: seedIn(env),
    minutes: number(env, 'MINUTES', { fallback: 2, min: 0.1, max: 24 * 60 }),
    rate: number(env, 'RATE', { fallback: 20, min: 1, max: 1_000 }),
  }
}

/** The command that runs the same schedule of faults again. */
export function replayCommand({ seed, minutes, rate }: ChaosOptions): string {
  return `make chaos SEED=${seed} MINUTES=${minutes} RATE=${rate}`
}
