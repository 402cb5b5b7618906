import type { DeadLetter } from '@order-saga/chassis'
import { fromNow } from '../duration.ts'
import type { Result } from '../result.ts'
import { counted, table } from '../table.ts'
import type { Workplace } from '../workplace.ts'
import { readDeadLetters } from './read-dead-letters.ts'
import { assertEvent, type Selection } from './selection.ts'

/** The dead letters that are meant, in the order in which they died, queue by queue. Changes nothing. */
export async function listDeadLetters(workplace: Workplace, selection: Selection, limit: number): Promise<Result> {
  assertEvent(selection.event)
  const letters: DeadLetter[] = []
  const { total, more } = await readDeadLetters(workplace, selection, limit, async (found) => {
    letters.push(...found.map(({ letter }) => letter))
  })
  const now = workplace.now()
  const rows = letters.map((letter) => [
    letter.id,
    letter.queue,
    letter.event,
    letter.diedAt === undefined ? '-' : fromNow(letter.diedAt, now),
    String(letter.attempts),
    String(letter.replays.length),
    letter.reason,
  ])
  const end = `${counted(letters.length, 'dead letter')} shown, ${total} in the queues${more ? '; --limit shows more' : ''}`
  return {
    items: letters,
    summary: { shown: letters.length, total, more },
    text: [
      ...(rows.length === 0 ? [] : [table(['ID', 'QUEUE', 'EVENT', 'DIED', 'ATTEMPTS', 'REPLAYS', 'REASON'], rows)]),
      end,
    ].join('\n'),
    wrong: false,
  }
}
