import { randomInt } from 'node:crypto'

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
    seed: number(env, 'SEED', { fallback: randomInt(1, 2 ** 31), min: 1, max: 2 ** 31 - 1, whole: true }),
    minutes: number(env, 'MINUTES', { fallback: 2, min: 0.1, max: 24 * 60 }),
    rate: number(env, 'RATE', { fallback: 20, min: 1, max: 1_000 }),
  }
}

export function number(
  env: NodeJS.ProcessEnv,
  name: string,
  allowed: { readonly fallback: number; readonly min: number; readonly max: number; readonly whole?: boolean },
): number {
  const text = env[name]
  if (text === undefined || text === '') return allowed.fallback
  const { min, max, whole = false } = allowed
  const value = Number(text)
  if (!Number.isFinite(value) || value < min || value > max || (whole && !Number.isInteger(value))) {
    throw new Error(`${name} must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, and is "${text}".`)
  }
  return value
}

/** The command that runs the same schedule of faults again. */
export function replayCommand({ seed, minutes, rate }: ChaosOptions): string {
  return `make chaos SEED=${seed} MINUTES=${minutes} RATE=${rate}`
}
