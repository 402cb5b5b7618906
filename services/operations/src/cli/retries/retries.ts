import { counted } from '../../audit/format-report.ts'
import { discardRetries, isSelected, type UnreadableSelection } from '../../inspect/retries/discard-retries.ts'
import { type MovedRetry, moveRetries } from '../../inspect/retries/move-retries.ts'
import { isMovable, type RetryMessage, type RetryQueue } from '../../inspect/retries/retry-message.ts'
import { retryQueuesOf, scanRetries } from '../../inspect/retries/scan-retries.ts'
import type { Actor } from '../../inspect/operator-acts.ts'
import type { CommandContext } from '../command-context.ts'
import { type Result, UsageError } from '../result.ts'
import { fromNow, tableOf } from '../text.ts'

const heading = ['ID', 'QUEUE', 'EVENT', 'VERSION', 'ATTEMPT', 'SINCE', 'STATE', 'REASON']

/** The messages of the retry queues. A stuck message is a finding; one of an unreadable version waits for an upgrade. */
export async function listRetries(context: CommandContext, limit: number): Promise<Result> {
  const { config, now, signal } = context
  const shown: RetryMessage[] = []
  const counts = { waiting: 0, unreadable: 0, stuck: 0, unknown: 0 }
  const queues = retryQueuesOf(config, config.retryDelaysMs)
  await scanRetries(await context.broker(), { queues, now, signal }, async (found) => {
    for (const { retry } of found) {
      counts[retry.state] += 1
      if (shown.length < limit) shown.push(retry)
    }
  })
  const total = counts.waiting + counts.unreadable + counts.stuck + counts.unknown
  const end = `${counted(shown.length, 'message')} shown, ${total} in the retry queues: ${counts.waiting} waiting, ${counts.unreadable} unreadable, ${counts.stuck} stuck, ${counts.unknown} of unknown age`
  return {
    items: shown,
    summary: { shown: shown.length, total, ...counts },
    text: [
      ...tableOf(
        heading,
        shown.map((retry) => rowOf(retry, now(), retry.reason)),
      ),
      end,
    ].join('\n'),
    wrong: counts.stuck > 0,
  }
}

/** @param actor absent: preview only */
export async function moveStuck(context: CommandContext, name: string, actor: Actor | undefined): Promise<Result> {
  const from = queueNamed(context, name)
  const moved = actor === undefined ? await preview(context, from, isMovable) : await moveRetries(context, from, actor)
  const done = actor === undefined ? 'would move' : 'moved'
  return resultOf(context, moved, {
    result: actor === undefined ? 'would_move' : 'moved',
    done: (messages) => `${done}: ${messages} to ${from.place.consumed[0]}`,
    none: `no message in ${from.queue} is stuck or of unknown age`,
  })
}

/**
 * Removes messages of a version that their consumer cannot read.
 * @param actor absent: preview only
 */
export async function discardUnreadable(
  context: CommandContext,
  name: string,
  selected: Omit<UnreadableSelection, 'from'>,
  actor: Actor | undefined,
): Promise<Result> {
  const selection = { ...selected, from: queueNamed(context, name) }
  const isChosen = (retry: RetryMessage): boolean => isSelected(retry, selection)
  const discarded =
    actor === undefined
      ? await preview(context, selection.from, isChosen)
      : (await discardRetries(context, selection, actor)).map((retry) => ({ retry }))
  const done = actor === undefined ? 'would discard' : 'discarded'
  return resultOf(context, discarded, {
    result: actor === undefined ? 'would_discard' : 'discarded',
    done: (messages) => `${done}: ${messages}`,
    none: `no selected message in ${name} is of an unreadable version`,
  })
}

function resultOf(
  context: CommandContext,
  moved: readonly MovedRetry[],
  words: { readonly result: string; readonly done: (messages: string) => string; readonly none: string },
): Result {
  const failures = moved.filter(({ failure }) => failure !== undefined).length
  const stopped = context.signal.aborted
  const done = words.done(counted(moved.length - failures, 'message'))
  const result = words.result.replace('would_', '')
  const rows = moved.map(({ retry, failure }) => rowOf(retry, context.now(), failure ?? retry.reason))
  return {
    items: moved.map(({ retry, failure }) => ({
      ...retry,
      result: failure === undefined ? words.result : 'failed',
      why: failure,
    })),
    summary: { [result]: moved.length - failures, failed: failures, stopped },
    text: [
      ...tableOf(heading, rows),
      ...(stopped ? ['Stopped: the other messages are unchanged.'] : []),
      moved.length === 0 ? words.none : failures > 0 ? `${done}, failed: ${failures}` : done,
    ].join('\n'),
    wrong: failures > 0 || stopped,
  }
}

async function preview(
  context: CommandContext,
  from: RetryQueue,
  isChosen: (retry: RetryMessage) => boolean,
): Promise<MovedRetry[]> {
  const chosen: MovedRetry[] = []
  const { now, signal } = context
  await scanRetries(await context.broker(), { queues: [from], now, signal }, async (found) => {
    for (const { retry } of found) {
      const { refusal } = retry
      const isRefused = isMovable(retry) && refusal !== undefined
      if (isChosen(retry)) chosen.push({ retry, ...(isRefused && { failure: refusal }) })
    }
  })
  return chosen
}

function queueNamed({ config }: CommandContext, name: string): RetryQueue {
  const queues = retryQueuesOf(config, config.retryDelaysMs)
  const found = queues.find(({ queue }) => queue === name)
  if (found !== undefined) return found
  throw new UsageError(
    `${name} is not a retry queue of the system: give one of ${queues.map(({ queue }) => queue).join(', ')}.`,
  )
}

function rowOf(retry: RetryMessage, now: Date, last: string): string[] {
  const since = retry.retriedAt === undefined ? '-' : fromNow(retry.retriedAt, now)
  return [
    retry.id,
    retry.queue,
    retry.event,
    String(retry.schemaVersion ?? '-'),
    String(retry.attempt),
    since,
    retry.state,
    last,
  ]
}
