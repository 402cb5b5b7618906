import { setTimeout as pause } from 'node:timers/promises'
import { type ServiceName, services } from '@order-saga/contracts'
import type { System } from '../../support/system.ts'
import { Flood } from './flood.ts'
import { MemorySampler, memoryLimitMiB } from './memory.ts'
import { percentile } from '../../support/percentile.ts'
import { type Paced, placeAtEase } from './pace.ts'

export interface OverloadOptions {
  readonly system: System
  readonly sku: string
  readonly forMs: number
  readonly clients: number
  readonly say?: (line: string) => void
}

export interface OverloadResult {
  readonly answers: ReadonlyMap<string, number>
  readonly withoutRetryAfter: number
  readonly peakMiB: Readonly<Record<ServiceName, number>>
  /** 99 % of answers came within, before the flood and after the recovery. */
  readonly beforeMs: number
  readonly afterMs: number
  /** From the end of the flood until orders at an easy pace were answered as before it, and those of the flood had ended. */
  readonly recoveryMs: number
}

const easeOrders = 40
const tellMs = 10_000
export const recoveryLimitMs = 60_000
/** As before: within this many times the time, or within this time whatever it was. */
const likeBefore = { times: 3, ms: 150 }

/** Sends more orders than the system takes, for a while, and measures what becomes of it and of the time after. */
export async function overload(options: OverloadOptions): Promise<OverloadResult> {
  const { system, sku, forMs, clients, say = () => undefined } = options
  const wanted = { items: [{ sku, qty: 1 }], amount: 10 }
  const memory = new MemorySampler(system)
  try {
    const before = percentile((await placeAtEase(system.shop, easeOrders, wanted)).answersMs, 99)
    const flood = new Flood(system.shop, clients, () => wanted)
    for (let leftMs = forMs; leftMs > 0; leftMs -= tellMs) {
      await pause(Math.min(tellMs, leftMs))
      say(`  answers: ${counted(flood.answers)}; peak memory: ${peaks(memory.peaks)}`)
    }
    await flood.stop()
    const endedAt = performance.now()
    const after = await recovered(system, wanted, { beforeMs: before, floodEnd: new Date() })
    return {
      answers: flood.answers,
      withoutRetryAfter: flood.withoutRetryAfter,
      peakMiB: memory.peaks,
      beforeMs: before,
      afterMs: percentile(after.answersMs, 99),
      recoveryMs: performance.now() - endedAt,
    }
  } finally {
    await memory.stop()
  }
}

/** @throws Error when, within the limit, orders at an easy pace are not answered as before, or some of the flood not ended */
async function recovered(
  system: System,
  wanted: object,
  { beforeMs, floodEnd }: { readonly beforeMs: number; readonly floodEnd: Date },
): Promise<Paced> {
  const allowedMs = Math.max(likeBefore.ms, likeBefore.times * beforeMs)
  return await system.until(
    `orders to be answered within ${Math.round(allowedMs)} ms again, and those of the flood to end`,
    async () => {
      const paced = await placeAtEase(system.shop, easeOrders, wanted)
      const left = await system.sql(
        'order',
        'SELECT FROM saga_instances WHERE finished_at IS NULL AND created_at < $1 LIMIT 1',
        [floodEnd],
      )
      const asBefore = paced.trouble.length === 0 && percentile(paced.answersMs, 99) <= allowedMs
      return asBefore && left.length === 0 && paced
    },
    recoveryLimitMs,
  )
}

/** What of the promise was broken; empty when it was kept. */
export function complaints(result: OverloadResult): string[] {
  const { answers, withoutRetryAfter, peakMiB } = result
  const others = [...answers.keys()].filter((answer) => answer !== '202' && answer !== '503')
  return [
    ...others.map((answer) => `${answers.get(answer)} requests were answered with ${answer}`),
    ...(withoutRetryAfter === 0 ? [] : [`${withoutRetryAfter} refusals did not say when to come again`]),
    ...(answers.has('202') ? [] : ['no order was accepted']),
    ...(answers.has('503') ? [] : ['no order was turned away: that was no overload']),
    ...services
      .filter((service) => peakMiB[service] === 0 || peakMiB[service] > memoryLimitMiB)
      .map((service) => `${service} took ${peakMiB[service]} MiB, of ${memoryLimitMiB} at the most`),
  ]
}

export const counted = (answers: ReadonlyMap<string, number>): string =>
  [...answers].map(([answer, count]) => `${answer} ${count}`).join(', ')

export const peaks = (mib: Readonly<Record<string, number>>): string =>
  Object.entries(mib)
    .map(([service, value]) => `${service} ${value} MiB`)
    .join(', ')
