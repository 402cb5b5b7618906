import { deadLetterQueue } from '@order-saga/chassis'
import { bodyOf, type DeadLetter, type FoundLetter, propertiesOf } from '../../inspect/dead-letters/dead-letter.ts'
import { scanDeadLetters } from '../../inspect/dead-letters/scan.ts'
import type { CommandContext } from '../command-context.ts'
import { previewReplay } from '../preview/preview-replay.ts'
import { type ReplayPreview, verdictWords } from '../preview/preview-reaction.ts'
import { notFound, type Result } from '../result.ts'
import { fromNow, instant } from '../text.ts'

const limit = 100

interface Shown extends DeadLetter, ReplayPreview {
  readonly properties: object
  readonly headers: object
  readonly body: unknown
}

export async function showDeadLetter(context: CommandContext, id: string): Promise<Result> {
  const all: FoundLetter[] = []
  await scanDeadLetters(context, { selection: { ids: [id] }, limit }, async (found) => void all.push(...found))
  if (all.length === 0) return notFound(`No dead letter has the id ${id}: see dead-letters list.`)
  const shown: Shown[] = []
  for (const { letter, message } of all) {
    const preview = await previewReplay(context, letter.service, message)
    shown.push({ ...letter, ...preview, ...propertiesOf(message), body: bodyOf(message.content) })
  }
  const text = shown.map(({ verdict, why, headers, body, ...letter }) => {
    const lines: [string, string][] = [
      ['id', letter.id],
      ['in queue', deadLetterQueue(context.config[`${letter.service}Queue`])],
      ['consumed from', letter.queue],
      [
        'dead-lettered',
        letter.diedAt === undefined ? '-' : `${instant(letter.diedAt)}, ${fromNow(letter.diedAt, context.now())}`,
      ],
      ['first failure', instant(letter.firstFailure ?? null)],
      ['attempts', String(letter.attempts)],
      ['reason', letter.reason],
      ['event', letter.event],
      ['saga', letter.sagaId ?? '-'],
      ['order', letter.orderId ?? '-'],
      ...letter.replays.map((past, n): [string, string] => [
        `replay ${n + 1}`,
        `${past.at} by ${past.by} (${past.why}), after ${past.attempts} attempts: ${past.reason}`,
      ]),
      ['if replayed', `${verdictWords[verdict]}: ${why}`],
      ['headers', JSON.stringify(headers)],
      ['body', typeof body === 'string' ? body : JSON.stringify(body, null, 2)],
    ]
    return lines.map(([name, value]) => `${name.padEnd(13)}  ${value}`).join('\n')
  })
  return { items: shown, summary: { shown: shown.length }, text: text.join('\n\n'), wrong: false }
}
