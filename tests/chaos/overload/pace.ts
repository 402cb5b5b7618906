import { setTimeout as pause } from 'node:timers/promises'
import type { Shop, WantedOrder } from '../../support/shop.ts'

export interface Paced {
  readonly answersMs: readonly number[]
  /** Statuses and error codes other than 202. */
  readonly trouble: readonly string[]
}

/** Places orders one after the other at an easy pace, and measures how long each answer takes. */
export async function placeAtEase(shop: Shop, count: number, wanted: WantedOrder): Promise<Paced> {
  const answersMs: number[] = []
  const trouble: string[] = []
  for (let number = 1; number <= count; number += 1) {
    const from = performance.now()
    const result = await shop.tryPost(wanted).then(
      ({ status }) => String(status),
      (error: NodeJS.ErrnoException) => error.code ?? error.name,
    )
    answersMs.push(performance.now() - from)
    if (result !== '202') trouble.push(result)
    await pause(20)
  }
  return { answersMs, trouble }
}
