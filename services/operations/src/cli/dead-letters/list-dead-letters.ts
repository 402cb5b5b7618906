import type { DeadLetter } from '../../inspect/dead-letters/dead-letter.ts'
import { type Scan, scanDeadLetters } from '../../inspect/dead-letters/scan.ts'
import type { CommandContext } from '../command-context.ts'
import type { Result } from '../result.ts'
import { fromNow, tableOf } from '../text.ts'
import { counted } from '../../audit/format-report.ts'

export async function listDeadLetters(context: CommandContext, scan: Scan): Promise<Result> {
  const letters: DeadLetter[] = []
  const { total, more } = await scanDeadLetters(context, scan, async (found) => {
    letters.push(...found.map(({ letter }) => letter))
  })
  const now = context.now()
  const rows = letters.map((letter) => [
    letter.id,
    letter.queue,
    letter.event,
    letter.deadLetteredAt === undefined ? '-' : fromNow(letter.deadLetteredAt, now),
    String(letter.attempts),
    String(letter.replays.length),
    letter.reason,
  ])
  const end = `${counted(letters.length, 'dead letter')} shown, ${total} in the queues${more ? '; --limit shows more' : ''}`
  return {
    items: letters,
    summary: { shown: letters.length, total, more },
    text: [...tableOf(['ID', 'QUEUE', 'EVENT', 'SINCE', 'ATTEMPTS', 'REPLAYS', 'REASON'], rows), end].join('\n'),
    wrong: false,
  }
}
