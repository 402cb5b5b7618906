import { checkerOf, type ServiceName, Trail, trailLimits, type TrailQuestion } from '@order-saga/contracts'
import type { OutboxLine } from './page/answers.ts'
import type { Asked } from './timeline.ts'

/** The services beside this one; an empty address: it is not asked. */
export type OtherServices = Readonly<Record<Exclude<ServiceName, 'order'>, string>>

const limitMs = 1_000
const check = checkerOf(Trail)

/** Asks one service, on its operations port, what it knows of a saga. A service that is away is an answer too. */
export async function askTrail(baseUrl: string, { sagaId, orderId, events }: TrailQuestion): Promise<Asked> {
  if (baseUrl === '') return { state: 'not_asked' }
  const url = new URL(`/sagas/${sagaId}/trail`, baseUrl)
  url.search = new URLSearchParams({ orderId, events: events.slice(-trailLimits.events).join(',') }).toString()
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(limitMs), redirect: 'error' })
    const checked = check(await response.json())
    return checked.ok ? { state: 'answered', trail: checked.value } : { state: 'no_answer' }
  } catch {
    return { state: 'no_answer' }
  }
}

/** Reads the gauges of one service's outbox from its metrics. */
export async function askOutbox(service: ServiceName, baseUrl: string): Promise<OutboxLine> {
  const unknown = { service, pending: 0, oldestSeconds: 0, parked: 0 }
  if (baseUrl === '') return { ...unknown, state: 'not_asked' }
  try {
    const response = await fetch(new URL('/metrics', baseUrl), {
      signal: AbortSignal.timeout(limitMs),
      redirect: 'error',
    })
    const text = await response.text()
    const gauge = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
    const [pending, oldestSeconds, parked] = [
      gauge('outbox_pending_events'),
      gauge('outbox_oldest_pending_seconds'),
      gauge('outbox_parked_events'),
    ]
    if ([pending, oldestSeconds, parked].some(Number.isNaN)) return { ...unknown, state: 'no_answer' }
    return { service, state: 'answered', pending, oldestSeconds, parked }
  } catch {
    return { ...unknown, state: 'no_answer' }
  }
}
