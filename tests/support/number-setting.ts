import { randomInt } from 'node:crypto'

/**
 * Reads a number from the environment; `fallback` when it is not set.
 * @throws Error naming the variable and what it may be
 */
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

/** SEED, or one chosen here. */
export function seedIn(env: NodeJS.ProcessEnv): number {
  return number(env, 'SEED', { fallback: randomInt(1, 2 ** 31), min: 1, max: 2 ** 31 - 1, whole: true })
}
