import { setTimeout as pause } from 'node:timers/promises'

/** What a counter said at one moment. */
export interface Sample {
  readonly atMs: number
  readonly count: number
}

/**
 * Reads a counter now and then until it has reached `total`.
 * @throws Error when it has not within the limit
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
    if (atMs - begun > limitMs) throw new Error(`Only ${count} of ${total} were done within ${limitMs / 1_000} s.`)
    await pause(intervalMs)
  }
}

/**
 * Per second, from the sample at which `from` (0 to 1) of the total was done. What came before is left out because code
 * did it that was not compiled yet; and the last sample, because the end lies somewhere before it.
 */
export function rateBetween(samples: readonly Sample[], total: number, from: number): number {
  const counted = samples.filter(({ count }) => count >= from * total && count < total)
  const [first, last] = [counted[0], counted.at(-1)]
  if (first === undefined || last === undefined || first === last) {
    throw new Error(`${total} were done before two looks at them: there must be more of them.`)
  }
  return ((last.count - first.count) * 1_000) / (last.atMs - first.atMs)
}
