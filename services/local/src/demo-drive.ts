import { setTimeout as delay } from 'node:timers/promises'
import { isExpected, isOver } from './demo-flows.ts'
import type { Flow, SagaView } from './demo-flows.ts'
import { reasonOf } from './error-code.ts'

const pollMs = 2
const slowPollMs = 50

/** How one order went. */
export interface DrivenOrder {
  saga: SagaView
  /** When the service had answered that it accepts the order, in ISO 8601. */
  acceptedAt: string
  asExpected: boolean
  /** From the sending of the POST to the answer that showed the final status, as a client sees it. */
  clientMs: number
  /** From the order's acceptance to its end, by the service's own clock. */
  serverMs: number | undefined
}

async function request<T>(url: string, init: RequestInit, expectedStatus: number): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(url, init)
  } catch (error) {
    init.signal?.throwIfAborted()
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw new Error(`${url} does not answer: ${reasonOf(cause)}`, { cause: error })
  }
  const text = await answer.text()
  if (answer.status !== expectedStatus) throw new Error(`${url} answered ${answer.status}: ${text}`)
  const body: T = JSON.parse(text)
  return body
}

/**
 * Places one order and follows it to its end, or to where it is after `limitMs`. Rejects when the service refuses it or
 * does not answer.
 */
export async function driveOrder(
  orderUrl: string,
  flow: Flow,
  limitMs: number,
  signal: AbortSignal,
): Promise<DrivenOrder> {
  const since = performance.now()
  const post = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(flow.order),
    signal,
  }
  const { sagaId } = await request<{ sagaId: string }>(`${orderUrl}/orders`, post, 202)
  const acceptedAt = new Date().toISOString()
  for (;;) {
    const saga = await request<SagaView>(`${orderUrl}/sagas/${sagaId}`, { signal }, 200)
    const clientMs = performance.now() - since
    if (isOver(saga, flow) || clientMs > limitMs) {
      const serverMs = saga.finishedAt === null ? undefined : Date.parse(saga.finishedAt) - Date.parse(saga.createdAt)
      return { saga, acceptedAt, asExpected: isExpected(saga, flow), clientMs, serverMs }
    }
    await delay(flow.together ? slowPollMs : pollMs, undefined, { signal })
  }
}

/** Drives all orders of a flow; alone, one after the other, the times are those of a system with nothing else to do. */
export async function driveFlow(
  orderUrl: string,
  flow: Flow,
  limitMs: number,
  signal: AbortSignal,
): Promise<DrivenOrder[]> {
  const numbers = Array.from({ length: flow.orders }, (_, number) => number)
  const drive = (): Promise<DrivenOrder> => driveOrder(orderUrl, flow, limitMs, signal)
  if (flow.together) return Promise.all(numbers.map(drive))
  const driven: DrivenOrder[] = []
  for (const _ of numbers) driven.push(await drive())
  return driven
}
