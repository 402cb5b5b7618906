import type { QueueFacts } from '@order-saga/order'
import type { DeadLetter } from './dead-letters/dead-letter.ts'
import { scanDeadLetters } from './dead-letters/scan.ts'
import { queuesOfServices, readQueues } from './queues.ts'
import type { RetryMessage } from './retries/retry-message.ts'
import { readRetries, retryQueuesOf } from './retries/scan-retries.ts'
import type { InspectSources } from './store.ts'

export interface QueueReader {
  (queue: string, event: string): QueueFacts | undefined
}

/** Reads the counts of all queues, and the bindings where the management API can be read. */
export async function readQueueFacts(
  sources: Pick<InspectSources, 'broker' | 'queues' | 'bindings'>,
  retryDelaysMs: readonly number[],
): Promise<QueueReader> {
  const services = queuesOfServices(sources.queues, retryDelaysMs)
  const names = services.flatMap(({ consumed: [queue], retries }) => [queue, ...retries])
  const [depths, bindings] = await Promise.all([readQueues(await sources.broker(), names), sources.bindings?.()])
  const found = new Map(depths.map((depth) => [depth.queue, depth]))
  const facts = new Map(
    services.flatMap(({ consumed: [queue], retries }) => {
      const { messages, consumers } = found.get(queue) ?? {}
      if (messages === null || messages === undefined) return []
      const retrying = retries.reduce((sum, retry) => sum + (found.get(retry)?.messages ?? 0), 0)
      return [[queue, { ready: messages, consumers: consumers ?? 0, retrying }] as const]
    }),
  )
  return (queue, event) => {
    const known = facts.get(queue)
    return known && { ...known, isBound: bindings?.has(`${queue} ${event}`) }
  }
}

/** A scan keeps all messages of a queue unacknowledged meanwhile. */
const scanLimit = 5_000

/** The dead letters of all services; undefined if there are too many to scan, or they cannot be read: a list is shown without them. */
export async function readAllDeadLetters(sources: InspectSources): Promise<DeadLetter[] | undefined> {
  const queues = queuesOfServices(sources.queues).map(({ deadLetters }) => deadLetters)
  return await unlessMany(sources, queues, async () => {
    const letters: DeadLetter[] = []
    await scanDeadLetters(sources, { selection: {}, limit: scanLimit }, async (found) => {
      letters.push(...found.map(({ letter }) => letter))
    })
    return letters
  })
}

/** The messages of all retry queues, under the same conditions. */
export async function readAllRetries(
  sources: InspectSources,
  retryDelaysMs: readonly number[],
): Promise<RetryMessage[] | undefined> {
  const queues = retryQueuesOf(sources.queues, retryDelaysMs).map(({ queue }) => queue)
  return await unlessMany(sources, queues, () => readRetries(sources, retryDelaysMs))
}

async function unlessMany<T>(
  sources: InspectSources,
  queues: readonly string[],
  scan: () => Promise<T[]>,
): Promise<T[] | undefined> {
  try {
    const depths = await readQueues(await sources.broker(), queues)
    const total = depths.reduce((sum, { messages }) => sum + (messages ?? 0), 0)
    if (total > scanLimit) return undefined
    // Most of the time there are none, and a scan waits for the broker.
    return total === 0 ? [] : await scan()
  } catch {
    return undefined
  }
}
