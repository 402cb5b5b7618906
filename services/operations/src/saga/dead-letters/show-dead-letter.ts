import { bodyOf, type DeadLetter, deadLetterQueue, type Found } from '@order-saga/chassis'
import { fromNow } from '../duration.ts'
import { foresee } from '../foresee/foresee.ts'
import { type Foresight, verdictWords } from '../foresee/foresight.ts'
import type { Result } from '../result.ts'
import { instant } from '../table.ts'
import type { Workplace } from '../workplace.ts'
import { readDeadLetters } from './read-dead-letters.ts'

const most = 100

interface Shown extends DeadLetter, Foresight {
  readonly properties: object
  readonly headers: object
  readonly body: unknown
}

/** All that is known of the dead letters with this id, and what each would do if it were replayed now. */
export async function showDeadLetter(workplace: Workplace, id: string): Promise<Result> {
  const all: Found[] = []
  await readDeadLetters(workplace, { ids: [id] }, most, async (found) => void all.push(...found))
  if (all.length === 0) {
    return {
      items: [],
      summary: { shown: 0 },
      text: `No dead letter has the id ${id}: dead-letters list shows them.`,
      wrong: true,
    }
  }
  const shown: Shown[] = []
  for (const { letter, message } of all) {
    const foresight = await foresee(workplace, letter.service, message)
    const { headers = {}, ...properties } = message.properties
    shown.push({ ...letter, ...foresight, properties, headers, body: bodyOf(message.content) })
  }
  const text = shown.map(({ verdict, why, headers, body, ...letter }) => {
    const lines: [string, string][] = [
      ['id', letter.id],
      ['lies in', deadLetterQueue(workplace.config[`${letter.service}Queue`])],
      ['died in', letter.queue],
      [
        'died',
        letter.diedAt === undefined ? '-' : `${instant(letter.diedAt)}, ${fromNow(letter.diedAt, workplace.now())}`,
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
