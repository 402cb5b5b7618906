import { type Blocker, type Explanation, usualTimes } from '@order-saga/order'
import type { DeadLetter } from '../../inspect/dead-letters/dead-letter.ts'
import { readQueueFacts } from '../../inspect/delivery.ts'
import { readLocks } from '../../inspect/locks.ts'
import { readRetries } from '../../inspect/retries/scan-retries.ts'
import { scanDeadLetters } from '../../inspect/dead-letters/scan.ts'
import { inspectSaga } from '../../inspect/inspect-saga.ts'
import { readSaga, readSagaFacts } from '../../inspect/saga-facts.ts'
import type { CommandContext } from '../command-context.ts'
import { notFound, type Result } from '../result.ts'
import { fromNow, instant, sagaWords, tableOf } from '../text.ts'

interface Timer {
  readonly at: Date
  readonly action: string
  /** @deprecated the same as `action` */
  readonly will: string
}

const lettersShown = 1_000

export async function showSaga(context: CommandContext, id: string, withDeadLetters: boolean): Promise<Result> {
  const { databases } = context
  const recorded = await readSaga(databases.order, id)
  if (recorded === undefined) return unknownSaga(id)
  const [facts, usual] = await Promise.all([
    readSagaFacts(databases, recorded, { partial: false }),
    usualTimes(databases.order, context.now)(),
  ])
  const deadLetters = withDeadLetters ? await deadLettersOf(context, recorded.sagaId) : []
  const queueFacts = withDeadLetters ? await readQueueFacts(context, context.config.retryDelaysMs) : undefined
  const retries = withDeadLetters ? await readRetries(context, context.config.retryDelaysMs, recorded.sagaId) : []
  const locks = (await readLocks(databases, [recorded]))(recorded)
  const now = context.now()
  const { saga, payment, reservation, timeline, explanation } = inspectSaga(facts, {
    queues: context.queues,
    deadLetters,
    queueFacts,
    retries,
    locks,
    breakers: await context.breakers(),
    usual,
    now,
  })
  const timers = timersOf(explanation)
  const { what, from, since } = explanation.needs ?? { what: 'nothing: the saga is complete', from: null, since: null }
  const rows = timeline.map((step) => [step.at.toISOString(), step.service, step.eventId ?? '-', step.description])
  const lines: [string, string][] = [
    ['saga', saga.sagaId],
    ['order', `${saga.orderId}, ${saga.orderStatus}, ${saga.amount} ${saga.currency}`],
    ['status', `${sagaWords(saga)}${saga.reason === null ? '' : ` (${saga.reason})`}`],
    ...(saga.violations === 0 ? [] : [['violations', String(saga.violations)] as [string, string]]),
    ['payment', payment?.status ?? 'no record of the order'],
    ['inventory', reservation?.status ?? 'no record of the order'],
    ['accepted', `${instant(saga.createdAt)}, ${fromNow(saga.createdAt, now)}`],
    ['waits for', what],
    ...blockedBy(explanation.blockers, now),
    ...(since === null ? [] : [['since', `${instant(since)}, ${fromNow(since, now)}`] as [string, string]]),
    ...timers.map(({ at, action }): [string, string] => [
      'timer',
      `${instant(at)}, ${fromNow(at, now)}: it will ${action}`,
    ]),
    ...(withDeadLetters ? [] : ([['dead letters', 'not read']] as [string, string][])),
  ]
  const head = lines.map(([name, value]) => `${name.padEnd(12)}  ${value}`)
  return {
    items: [
      {
        ...saga,
        payment,
        reservation,
        explanation: explanation.text,
        blockers: explanation.blockers,
        waitsFor: what,
        responsibleService: from,
        // Deprecated: the key of release 0.1.0.
        owedBy: from,
        since,
        timers,
        timeline,
        deadLetters,
      },
    ],
    summary: { shown: 1 },
    text: [...head, '', explanation.text, '', ...tableOf(['AT', 'SERVICE', 'EVENT ID', 'WHAT'], rows)].join('\n'),
    wrong: false,
  }
}

/** All blockers with their next step, the first to act on first. */
function blockedBy(blockers: readonly Blocker[], now: Date): [string, string][] {
  return blockers.flatMap(({ cause, action, since, runbook }, i): [string, string][] => {
    const number = blockers.length === 1 ? '' : `(${i + 1} of ${blockers.length}) `
    return [
      ['blocked by', `${number}${cause}${since === null ? '' : `, since ${instant(since)}, ${fromNow(since, now)}`}`],
      ['next', `${action} (docs/runbooks/${runbook}.md)`],
    ]
  })
}

async function deadLettersOf(context: CommandContext, sagaId: string): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = []
  await scanDeadLetters(context, { selection: { saga: sagaId }, limit: lettersShown }, async (found) => {
    letters.push(...found.map(({ letter }) => letter))
  })
  return letters
}

/** The deadline, and the next request for the refund. */
function timersOf({ deadline, refund, next }: Explanation): Timer[] {
  const again = next.find(({ on }) => on === 'overdue')
  const timer = (at: Date, action: string): Timer => ({ at, action, will: action })
  const { leadsTo } = deadline
  return [
    ...(leadsTo === null
      ? []
      : [timer(deadline.at, `become ${sagaWords(leadsTo.becomes)} and publish ${leadsTo.publishes.join(', ')}`)]),
    ...(again === undefined || !refund?.requestedAgainAt
      ? []
      : [timer(refund.requestedAgainAt, `publish ${again.publishes.join(', ')} again (${refund.requests} so far)`)]),
  ]
}

export const unknownSaga = (id: string): Result => notFound(`No order and no saga has the id ${id}: see list.`)
