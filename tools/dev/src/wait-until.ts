import { setTimeout as delay } from 'node:timers/promises'

export interface WaitOptions {
  /** The awaited condition, as it reads after "waiting for". */
  what: string
  limitMs: number
  intervalMs?: number
  signal?: AbortSignal | undefined
  /** Printed when the limit passes: the state that explains why. */
  state?: () => unknown
}

/**
 * Resolves with the first value of `probe` that is neither undefined nor false. A throwing probe counts as "not yet".
 * Rejects when the limit passes, with the last state and error, or when the signal aborts. Not p-wait-for: it stops at the
 * first probe that throws, and its time-out says neither state nor error.
 */
export async function waitUntil<T>(
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const { what, limitMs, intervalMs = 50, signal } = options
  const end = performance.now() + limitMs
  let lastError: unknown
  for (;;) {
    signal?.throwIfAborted()
    try {
      const value = await probe()
      if (value !== undefined && value !== false) return value
      lastError = undefined
    } catch (error) {
      lastError = error
    }
    if (performance.now() >= end) break
    await delay(intervalMs, undefined, { signal })
  }
  const details = [options.state?.(), lastError instanceof Error ? lastError.message : lastError]
    .filter((detail) => detail !== undefined)
    .map((detail) => (typeof detail === 'string' ? detail : JSON.stringify(detail)))
  throw new Error([`Timed out after ${limitMs / 1000} s waiting for ${what}.`, ...details].join(' '))
}
