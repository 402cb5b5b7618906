import type { DeadLetter } from '../../inspect/dead-letters/dead-letter.ts'
import { groupsOf } from '../../inspect/dead-letters/groups.ts'
import { type Scan, scanDeadLetters } from '../../inspect/dead-letters/scan.ts'
import { counted } from '../../audit/format-report.ts'
import type { CommandContext } from '../command-context.ts'
import type { Result } from '../result.ts'
import { fromNow, tableOf } from '../text.ts'

/** Lists dead letters by event, queue and reason without ids and numbers. */
export async function groupDeadLetters(context: CommandContext, scan: Scan): Promise<Result> {
  const letters: DeadLetter[] = []
  const { total, more } = await scanDeadLetters(context, scan, async (found) => {
    letters.push(...found.map(({ letter }) => letter))
  })
  const groups = groupsOf(letters)
  const now = context.now()
  const ago = (at: Date | null): string => (at === null ? '-' : fromNow(at, now))
  const rows = groups.map(({ group, queue, event, count, first, last, reason }) => [
    group,
    queue,
    event,
    String(count),
    ago(first),
    ago(last),
    reason,
  ])
  return {
    items: groups,
    summary: { shown: groups.length, total, more },
    text: [
      ...tableOf(['GROUP', 'QUEUE', 'EVENT', 'COUNT', 'FIRST', 'LAST', 'REASON'], rows),
      `${counted(groups.length, 'group')} of ${counted(letters.length, 'dead letter')}, ${total} in the queues` +
        (more ? '; --limit reads more' : ''),
    ].join('\n'),
    wrong: false,
  }
}
