import { setTimeout as pause } from 'node:timers/promises'

/** The value of a counter at a time. */
export interface Sample {
  readonly atMs: number
  readonly count: number
}

/**
 * Polls a counter until it reaches `total`.
 * @throws Error at the limit
 */
export async function watchProgress(
  read: () => Promise<number>,
  { total, intervalMs, limitMs }: { readonly total: number; readonly intervalMs: number; readonly limitMs: number },
): Promise<Sample[]> {
  const begun = performance.now()
  const samples: Sample[] = []
  for (;;) {
    const count = await read()
    const atMs = performance.now()
    samples.push({ atMs, count })
    if (count >= total) return samples
    if (atMs - begun > limitMs) throw new Error(`Only ${count} of ${total} were completed within ${limitMs / 1_000} s.`)
    await pause(intervalMs)
  }
}

/**
 * The rate per second from the sample at which the ratio `from` of the total was completed. Earlier samples are excluded
 * as warm-up, and the last one because the total was reached at an unknown time before it.
 */
export function rateBetween(samples: readonly Sample[], total: number, from: number): number {
  const counted = samples.filter(({ count }) => count >= from * total && count < total)
  const [first, last] = [counted[0], counted.at(-1)]
  if (first === undefined || last === undefined || first === last) {
    throw new Error(`${total} were completed before two samples were taken: increase the total.`)
  }
  return ((last.count - first.count) * 1_000) / (last.atMs - first.atMs)
}
