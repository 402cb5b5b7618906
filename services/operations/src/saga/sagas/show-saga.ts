import { fromNow } from '../duration.ts'
import type { Result } from '../result.ts'
import { instant, table } from '../table.ts'
import type { Workplace } from '../workplace.ts'
import { explain, timersOf } from './explain.ts'
import { readAllFacts, readSagaFacts } from './saga-facts.ts'
import { sagaWords } from './saga-words.ts'
import { timelineOf } from './timeline.ts'

/** One saga over all services: where it stands, what it waits for and since when, what time will bring, what has been. */
export async function showSaga(workplace: Workplace, id: string, withDeadLetters: boolean): Promise<Result> {
  const saga = await readSagaFacts(workplace, id)
  if (saga === undefined) return unknownSaga(id)
  const facts = await readAllFacts(workplace, saga, withDeadLetters)
  const [waiting, timers, timeline, now] = [explain(facts), timersOf(saga), timelineOf(facts), workplace.now()]
  const { payment, reservation, deadLetters } = facts
  const rows = timeline.map(({ at, service, what, eventId }) => [at.toISOString(), service, eventId ?? '-', what])
  const lines: [string, string][] = [
    ['saga', saga.sagaId],
    ['order', `${saga.orderId}, ${saga.orderStatus}, ${saga.amount} ${saga.currency}`],
    ['status', `${sagaWords(saga)}${saga.reason === null ? '' : ` (${saga.reason})`}`],
    ['payment', payment?.status ?? 'has not met the order'],
    ['inventory', reservation?.status ?? 'has not met the order'],
    ['accepted', `${instant(saga.createdAt)}, ${fromNow(saga.createdAt, now)}`],
    ['waits for', waiting.waitsFor],
    ...(waiting.since === null
      ? []
      : [['since', `${instant(waiting.since)}, ${fromNow(waiting.since, now)}`] as [string, string]]),
    ...timers.map(({ at, will }): [string, string] => [
      'timer',
      `${instant(at)}, ${fromNow(at, now)}: it will ${will}`,
    ]),
    ...(withDeadLetters ? [] : ([['dead letters', 'not looked at']] as [string, string][])),
  ]
  const head = lines.map(([name, value]) => `${name.padEnd(12)}  ${value}`)
  return {
    items: [
      {
        ...saga,
        payment: payment ?? null,
        reservation: reservation ?? null,
        ...waiting,
        timers,
        timeline,
        deadLetters,
      },
    ],
    summary: { shown: 1 },
    text: [...head, '', table(['AT', 'SERVICE', 'EVENT ID', 'WHAT'], rows)].join('\n'),
    wrong: false,
  }
}

export function unknownSaga(id: string): Result {
  const text = `No order and no saga has the id ${id}: list shows the sagas.`
  return { items: [], summary: { shown: 0 }, text, wrong: true }
}
