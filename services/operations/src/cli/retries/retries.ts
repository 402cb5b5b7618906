import { counted } from '../../audit/format-report.ts'
import { type MovedRetry, moveRetries } from '../../inspect/retries/move-retries.ts'
import type { RetryMessage, RetryQueue } from '../../inspect/retries/retry-message.ts'
import { retryQueuesOf, scanRetries } from '../../inspect/retries/scan-retries.ts'
import type { Actor } from '../../inspect/operator-acts.ts'
import type { CommandContext } from '../command-context.ts'
import { type Result, UsageError } from '../result.ts'
import { fromNow, tableOf } from '../text.ts'

const heading = ['ID', 'QUEUE', 'EVENT', 'ATTEMPT', 'SINCE', 'STATE', 'REASON']

/** The messages of the retry queues, waiting and stuck. A stuck message is a finding. */
export async function listRetries(context: CommandContext, limit: number): Promise<Result> {
  const { config, now, signal } = context
  const shown: RetryMessage[] = []
  const counts = { waiting: 0, stuck: 0, unknown: 0 }
  const queues = retryQueuesOf(config, config.retryDelaysMs)
  await scanRetries(await context.broker(), { queues, now, signal }, async (found) => {
    for (const { retry } of found) {
      counts[retry.state] += 1
      if (shown.length < limit) shown.push(retry)
    }
  })
  const total = counts.waiting + counts.stuck + counts.unknown
  const end = `${counted(shown.length, 'message')} shown, ${total} in the retry queues: ${counts.waiting} waiting, ${counts.stuck} stuck, ${counts.unknown} of unknown age`
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
  const moved = actor === undefined ? await preview(context, from) : await moveRetries(context, from, actor)
  const failures = moved.filter(({ failure }) => failure !== undefined).length
  const stopped = context.signal.aborted
  const done = `${actor === undefined ? 'would move' : 'moved'}: ${counted(moved.length - failures, 'message')} to ${from.place.consumed[0]}`
  const rows = moved.map(({ retry, failure }) => rowOf(retry, context.now(), failure ?? retry.reason))
  return {
    items: moved.map(({ retry, failure }) => ({ ...retry, result: resultOf(actor, failure), why: failure })),
    summary: { moved: moved.length - failures, failed: failures, stopped },
    text: [
      ...tableOf(heading, rows),
      ...(stopped ? ['Stopped: the other messages are unchanged.'] : []),
      moved.length === 0
        ? `no message in ${from.queue} is stuck or of unknown age`
        : failures > 0
          ? `${done}, failed: ${failures}`
          : done,
    ].join('\n'),
    wrong: failures > 0 || stopped,
  }
}

async function preview(context: CommandContext, from: RetryQueue): Promise<MovedRetry[]> {
  const stuck: MovedRetry[] = []
  const { now, signal } = context
  await scanRetries(await context.broker(), { queues: [from], now, signal }, async (found) => {
    for (const { retry } of found) {
      const { state, refusal } = retry
      if (state !== 'waiting') stuck.push({ retry, ...(refusal !== undefined && { failure: refusal }) })
    }
  })
  return stuck
}

function queueNamed({ config }: CommandContext, name: string): RetryQueue {
  const queues = retryQueuesOf(config, config.retryDelaysMs)
  const found = queues.find(({ queue }) => queue === name)
  if (found !== undefined) return found
  throw new UsageError(
    `${name} is not a retry queue of the system: give one of ${queues.map(({ queue }) => queue).join(', ')}.`,
  )
}

function resultOf(actor: Actor | undefined, failure: string | undefined): string {
  return failure !== undefined ? 'failed' : actor === undefined ? 'would_move' : 'moved'
}

function rowOf(retry: RetryMessage, now: Date, last: string): string[] {
  const since = retry.retriedAt === undefined ? '-' : fromNow(retry.retriedAt, now)
  return [retry.id, retry.queue, retry.event, String(retry.attempt), since, retry.state, last]
}
