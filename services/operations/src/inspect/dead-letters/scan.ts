import { NotDone } from '../stores.ts'
import { readQueues } from '../queues.ts'
import type { InspectSources } from '../store.ts'
import { type FoundLetter, foundLetterOf } from './dead-letter.ts'
import { scanQueue } from './scan-queue.ts'
import { isSelected, queuesFor, type Selection } from './selection.ts'

export interface ScanSources extends Pick<InspectSources, 'broker' | 'queues' | 'now'> {
  /** Ends the scan after the current window. */
  readonly signal?: AbortSignal
  readonly progress?: (line: string) => void
}

export interface Scan {
  readonly selection: Selection
  readonly limit: number
}

/** Called with the selected messages of a window; `take` removes one from its dead-letter queue. */
export type OnFound = (found: readonly FoundLetter[], take: (one: FoundLetter) => void) => Promise<void>

const progressMs = 1_000

/**
 * Scans the dead-letter queues and passes on at most `limit` selected messages, with one window of messages in memory.
 * @returns the number of messages in the scanned queues, and whether more may be selected
 * @throws NotDone when a queue does not exist
 */
export async function scanDeadLetters(
  sources: ScanSources,
  { selection, limit }: Scan,
  onFound: OnFound,
): Promise<{ total: number; more: boolean }> {
  const { queues, now, progress, signal } = sources
  const model = await sources.broker()
  const places = queuesFor(selection, queues)
  const depths = await readQueues(
    model,
    places.map(({ deadLetters }) => deadLetters),
  )
  const missing = depths.find(({ messages }) => messages === null)
  if (missing !== undefined) {
    throw new NotDone(
      `The queue ${missing.queue} does not exist: check that the services are started, and the queue's name.`,
    )
  }
  const total = depths.reduce((sum, { messages }) => sum + (messages ?? 0), 0)
  let [found, seen, reported, more] = [0, 0, now().getTime(), false]
  for (const [i, place] of places.entries()) {
    const queue = place.deadLetters
    const depth = depths[i]?.messages ?? 0
    if (found >= limit || signal?.aborted === true) {
      more ||= depth > 0
      continue
    }
    await scanQueue(model, { queue, depth }, async (messages, ack) => {
      const selected = messages
        .map((message) => foundLetterOf(message, place))
        .filter(({ letter }) => isSelected(letter, selection, place, now()))
      const accepted = selected.slice(0, limit - found)
      found += accepted.length
      more ||= accepted.length < selected.length
      if (accepted.length > 0) await onFound(accepted, ({ message }) => ack(message))
      seen += messages.length
      if (now().getTime() - reported >= progressMs) {
        reported = now().getTime()
        progress?.(`scanned ${seen} of ${total} dead letters, selected ${found} (${queue})`)
      }
      if (signal?.aborted !== true && found < limit) return 'go on'
      more ||= seen < total
      return 'stop'
    })
  }
  return { total, more }
}
