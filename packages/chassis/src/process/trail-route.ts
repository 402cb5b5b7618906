import { checkerOf, type Trail, TrailQuestion } from '@order-saga/contracts'
import { messageOf } from '../core/errors.ts'

/** Reads what a service knows of a saga. */
export type ReadTrail = (question: TrailQuestion) => Promise<Trail>

const check = checkerOf(TrailQuestion)
const path = /^\/sagas\/([^/?]+)\/trail(?:\?(.*))?$/

/** Answers `GET /sagas/{sagaId}/trail?orderId=…&events=…,…`; never throws. */
export async function trailAnswer(url: string, read: ReadTrail): Promise<{ status: number; body: unknown }> {
  const [, sagaId, query] = path.exec(url) ?? []
  if (sagaId === undefined) return problem(404, 'Of a saga there is /sagas/{sagaId}/trail.')
  const parameters = new URLSearchParams(query)
  const events = (parameters.get('events') ?? '').split(',').filter((id) => id !== '')
  const question = check({ sagaId, orderId: parameters.get('orderId') ?? '', events })
  if (!question.ok) return problem(400, `${question.problem.field} ${question.problem.message}`)
  try {
    return { status: 200, body: await read(question.value) }
  } catch (error) {
    return problem(503, messageOf(error))
  }
}

function problem(status: number, detail: string): { status: number; body: unknown } {
  const title = { 400: 'Bad Request', 404: 'Not Found', 503: 'Service Unavailable' }[status]
  return { status, body: { type: 'about:blank', title, status, detail } }
}
