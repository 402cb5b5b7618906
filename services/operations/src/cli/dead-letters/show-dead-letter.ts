import { deadLetterQueue } from '@order-saga/contracts'
import { bodyOf, type DeadLetter, type FoundLetter, propertiesOf } from '../../inspect/dead-letters/dead-letter.ts'
import { scanDeadLetters } from '../../inspect/dead-letters/scan.ts'
import type { CommandContext } from '../command-context.ts'
import { previewReplay } from '../preview/preview-replay.ts'
import { type ReplayPreview, replayResultWords } from '../preview/preview-reaction.ts'
import { deprecatedResult, notFound, type Result } from '../result.ts'
import { fromNow, instant } from '../text.ts'

const limit = 100

interface Shown extends DeadLetter, ReplayPreview {
  /** @deprecated the same as `result`, in the terms of release 0.1.0 */
  readonly verdict: string
  readonly properties: object
  readonly headers: object
  readonly body: unknown
}

export async function showDeadLetter(context: CommandContext, id: string): Promise<Result> {
  const all: FoundLetter[] = []
  await scanDeadLetters(context, { selection: { ids: [id] }, limit }, async (found) => void all.push(...found))
  if (all.length === 0) return notFound(`No dead letter has the id ${id}: see dead-letters list.`)
  const shown: Shown[] = []
  for (const found of all) {
    const { letter, message } = found
    const preview = await previewReplay(context, found)
    shown.push({
      ...letter,
      ...preview,
      verdict: deprecatedResult(preview.result),
      ...propertiesOf(message),
      body: bodyOf(message.content),
    })
  }
  const text = shown.map(({ result, why, untested, headers, body, ...letter }) => {
    const { failure: _, ...otherHeaders } = headers as Readonly<Record<string, unknown>>
    const lines: [string, string][] = [
      ['id', letter.id],
      ['in queue', deadLetterQueue(context.config[`${letter.service}Queue`])],
      ['consumed from', letter.queue],
      [
        'dead-lettered',
        letter.deadLetteredAt === undefined
          ? '-'
          : `${instant(letter.deadLetteredAt)}, ${fromNow(letter.deadLetteredAt, context.now())}`,
      ],
      ['first failure', instant(letter.firstFailure ?? null)],
      ['attempts', String(letter.attempts)],
      ['reason', letter.reason],
      ...failureLines(letter.failure),
      ['event', letter.event],
      ['saga', letter.sagaId ?? '-'],
      ['order', letter.orderId ?? '-'],
      ...letter.replays.map((past, n): [string, string] => [
        `replay ${n + 1}`,
        `${past.at} by ${past.by} (${past.why}), after ${past.attempts} attempts: ${past.reason}`,
      ]),
      ['if replayed', `${replayResultWords[result]}: ${why}`],
      ...(untested.length === 0 ? [] : [['not tested', untested.join('; ')] as [string, string]]),
      ['headers', JSON.stringify(otherHeaders)],
      ['body', typeof body === 'string' ? body : JSON.stringify(body, null, 2)],
    ]
    return lines.map(([name, value]) => `${name.padEnd(13)}  ${value}`).join('\n')
  })
  return { items: shown, summary: { shown: shown.length }, text: text.join('\n\n'), wrong: false }
}

const continued = `\n${' '.repeat(15)}`

/** The cause of the last attempt, as far as its consumer recorded it. */
function failureLines(failure: DeadLetter['failure']): [string, string][] {
  if (failure === undefined) return []
  const { chain, sqlState, statement, schema, table, column, constraint, detail, hint, where, stack } = failure
  const place = [schema, table].filter((part) => part !== undefined).join('.')
  const lines: [string, string | undefined][] = [
    ['SQLSTATE', sqlState],
    ['statement', statement],
    ['table', place === '' ? undefined : place],
    ['column', column],
    ['constraint', constraint],
    ['detail', detail],
    ['hint', hint],
    ['where', where],
    ['error', chain.join('\ncaused by ')],
    ['stack', stack],
  ]
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [[name, value.replaceAll('\n', continued)]]))
}
