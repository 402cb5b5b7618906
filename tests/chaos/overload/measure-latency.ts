import { setTimeout as pause } from 'node:timers/promises'
import type { Shop, WantedOrder } from '../../support/shop.ts'

export interface LatencySample {
  readonly latenciesMs: readonly number[]
  /** Statuses and error codes other than 202. */
  readonly failures: readonly string[]
}

/** Places orders sequentially at a low rate and measures the time to each response. */
export async function measureLatency(shop: Shop, count: number, wanted: WantedOrder): Promise<LatencySample> {
  const latenciesMs: number[] = []
  const failures: string[] = []
  for (let number = 1; number <= count; number += 1) {
    const from = performance.now()
    const result = await shop.tryPost(wanted).then(
      ({ status }) => String(status),
      (error: NodeJS.ErrnoException) => error.code ?? error.name,
    )
    latenciesMs.push(performance.now() - from)
    if (result !== '202') failures.push(result)
    await pause(20)
  }
  return { latenciesMs, failures }
}
