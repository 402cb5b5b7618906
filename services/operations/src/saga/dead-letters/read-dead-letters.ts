import type { ConsumeMessage } from 'amqplib'
import { deadLetterOf, type DeadLetterPlace, type Found } from '@order-saga/chassis'
import type { Workplace } from '../workplace.ts'
import { isMeant, queuesFor, type Selection } from './selection.ts'

/** What is done with those of a window that are meant; `take` removes one from its dead-letter queue. */
export type OnFound = (found: readonly Found[], take: (one: Found) => void) => Promise<void>

/** Between two lines of progress. */
const progressMs = 1_000

/**
 * Looks through the dead-letter queues and hands over what is meant, at most `limit`, in memory no more than a window of
 * messages at a time. Stops early when the workplace's signal is aborted.
 * @returns how many were meant, how many there are in the queues looked at, and whether there may be more that are meant
 */
export async function readDeadLetters(
  workplace: Workplace,
  selection: Selection,
  limit: number,
  onFound: OnFound,
): Promise<{ found: number; total: number; more: boolean }> {
  const { config, now, progress, signal } = workplace
  const broker = await workplace.broker()
  let [found, seen, total, told, more] = [0, 0, 0, now().getTime(), false]
  for (const place of queuesFor(selection, config)) {
    const { name } = place
    const depth = await broker.depth(name)
    total += depth
    if (found >= limit || signal.aborted) {
      more ||= depth > 0
      continue
    }
    await broker.lookThrough(name, async (messages, ack) => {
      const meant = meantOf(messages, place, selection, workplace)
      const wanted = meant.slice(0, limit - found)
      found += wanted.length
      more ||= wanted.length < meant.length
      if (wanted.length > 0) await onFound(wanted, ({ message }) => ack(message))
      seen += messages.length
      if (now().getTime() - told >= progressMs) {
        told = now().getTime()
        progress(`looked at ${seen} of ${total} dead letters, ${found} of them meant (${name})`)
      }
      if (!signal.aborted && found < limit) return 'go on'
      more ||= seen < total
      return 'stop'
    })
  }
  return { found, total, more }
}

function meantOf(
  messages: readonly ConsumeMessage[],
  place: DeadLetterPlace,
  selection: Selection,
  { config, now }: Workplace,
): Found[] {
  return messages
    .map((message) => ({ message, letter: deadLetterOf(message, place) }))
    .filter(({ letter }) => isMeant(letter, selection, config, now()))
}
