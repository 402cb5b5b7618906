import type { Attempt, History } from '../history.ts'

/** What customers were answered at once, and what the API answers about their orders in the end. */
export function checkAnswers({ intents, orders, answered }: History): string[] {
  const wrong = intents.flatMap(({ customer, attempts }) =>
    attempts.filter((attempt) => !isInContract(attempt)).map(({ result }) => `${customer} was answered with ${result}`),
  )
  const differing = orders.flatMap(({ orderId, status }) => {
    const said = answered.get(orderId) ?? 'unknown'
    return said === status ? [] : [`order ${orderId} is ${status}, and the API says ${said}`]
  })
  return [...wrong, ...differing]
}

/** A connection that breaks is no answer; faults break connections. */
function isInContract({ result, orderId, retryAfter }: Attempt): boolean {
  if (typeof result === 'string') return true
  if (result === 202) return orderId !== undefined
  return result === 409 || (result === 503 && /^[1-9]\d*$/.test(retryAfter ?? ''))
}
