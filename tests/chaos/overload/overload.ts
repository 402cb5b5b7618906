import { setTimeout as pause } from 'node:timers/promises'
import { type ServiceName, services } from '@order-saga/contracts'
import type { System } from '../../support/system.ts'
import { OverloadClients } from './overload-clients.ts'
import { MemorySampler, memoryLimitMiB } from './memory.ts'
import { percentile } from '../../support/percentile.ts'
import { type LatencySample, measureLatency } from './measure-latency.ts'

export interface OverloadOptions {
  readonly system: System
  readonly sku: string
  readonly durationMs: number
  readonly clients: number
  readonly say?: (line: string) => void
}

export interface OverloadResult {
  readonly responses: ReadonlyMap<string, number>
  readonly withoutRetryAfter: number
  readonly peakMiB: Readonly<Record<ServiceName, number>>
  /** p99 of the response time before the overload and after the recovery. */
  readonly beforeMs: number
  readonly afterMs: number
  /** From the end of the overload until the response time is as before and all of its orders are completed. */
  readonly recoveryMs: number
}

const sampleOrders = 40
const progressMs = 10_000
export const recoveryLimitMs = 60_000
/** Recovered: p99 at most this multiple of the p99 before, or at most this time. */
const recoveredLatency = { factor: 3, ms: 150 }

/** Sends more orders than the system can complete, and measures responses, memory and recovery. */
export async function runOverload(options: OverloadOptions): Promise<OverloadResult> {
  const { system, sku, durationMs, clients, say = () => undefined } = options
  const wanted = { items: [{ sku, qty: 1 }], amount: 10 }
  const memory = new MemorySampler(system)
  try {
    const before = percentile((await measureLatency(system.shop, sampleOrders, wanted)).latenciesMs, 99)
    const clientLoad = new OverloadClients(system.shop, clients, () => wanted)
    for (let leftMs = durationMs; leftMs > 0; leftMs -= progressMs) {
      await pause(Math.min(progressMs, leftMs))
      say(`  responses: ${formatCounts(clientLoad.responses)}; peak memory: ${formatPeaks(memory.peaks)}`)
    }
    await clientLoad.stop()
    const endedAt = performance.now()
    const after = await waitForRecovery(system, wanted, { beforeMs: before, overloadEnd: new Date() })
    return {
      responses: clientLoad.responses,
      withoutRetryAfter: clientLoad.withoutRetryAfter,
      peakMiB: memory.peaks,
      beforeMs: before,
      afterMs: percentile(after.latenciesMs, 99),
      recoveryMs: performance.now() - endedAt,
    }
  } finally {
    await memory.stop()
  }
}

/** @throws Error when the response time or the orders of the overload have not recovered within the limit */
async function waitForRecovery(
  system: System,
  wanted: object,
  { beforeMs, overloadEnd }: { readonly beforeMs: number; readonly overloadEnd: Date },
): Promise<LatencySample> {
  const allowedMs = Math.max(recoveredLatency.ms, recoveredLatency.factor * beforeMs)
  return await system.until(
    `a p99 of at most ${Math.round(allowedMs)} ms and the completion of all orders of the overload`,
    async () => {
      const sample = await measureLatency(system.shop, sampleOrders, wanted)
      const left = await system.sql(
        'order',
        'SELECT FROM saga_instances WHERE finished_at IS NULL AND created_at < $1 LIMIT 1',
        [overloadEnd],
      )
      const asBefore = sample.failures.length === 0 && percentile(sample.latenciesMs, 99) <= allowedMs
      return asBefore && left.length === 0 && sample
    },
    recoveryLimitMs,
  )
}

/** Returns one sentence per violation. */
export function findViolations(result: OverloadResult): string[] {
  const { responses, withoutRetryAfter, peakMiB } = result
  const others = [...responses.keys()].filter((response) => response !== '202' && response !== '503')
  return [
    ...others.map((response) => `${responses.get(response)} requests got the response ${response}`),
    ...(withoutRetryAfter === 0 ? [] : [`${withoutRetryAfter} refusals had no Retry-After`]),
    ...(responses.has('202') ? [] : ['no order was accepted']),
    ...(responses.has('503') ? [] : ['no order was refused: there was no overload']),
    ...services
      .filter((service) => peakMiB[service] === 0 || peakMiB[service] > memoryLimitMiB)
      .map((service) => `${service} used ${peakMiB[service]} MiB, more than ${memoryLimitMiB}`),
  ]
}

export const formatCounts = (responses: ReadonlyMap<string, number>): string =>
  [...responses].map(([response, count]) => `${response} ${count}`).join(', ')

export const formatPeaks = (mib: Readonly<Record<string, number>>): string =>
  Object.entries(mib)
    .map(([service, value]) => `${service} ${value} MiB`)
    .join(', ')
