import { setTimeout as delay } from 'node:timers/promises'

/** How long a migration waits for a server that is starting, and for roles that are created after its start. */
const limitMs = 60_000
const intervalMs = 500

/**
 * Repeats a check until it passes.
 * @param isTransient whether the check may pass later, although it failed
 * @param onWait called once, with the first failure
 * @throws the failure that is not transient, or the last one after a minute
 */
export async function untilPassed(
  check: () => PromiseLike<unknown>,
  isTransient: (error: unknown) => boolean,
  onWait: (error: unknown) => void,
): Promise<void> {
  const deadline = Date.now() + limitMs
  for (let isReported = false; ; isReported = true) {
    try {
      await check()
      return
    } catch (error) {
      if (!isTransient(error) || Date.now() > deadline) throw error
      if (!isReported) onWait(error)
    }
    await delay(intervalMs)
  }
}
