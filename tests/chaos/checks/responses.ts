import type { Attempt, History } from '../history.ts'

/** Checks the responses to customers, and the final status of their orders in the API. */
export function checkResponses({ orderRequests, orders, apiStatuses }: History): string[] {
  const wrong = orderRequests.flatMap(({ customer, attempts }) =>
    attempts.filter((attempt) => !isInContract(attempt)).map(({ result }) => `${customer} got the response ${result}`),
  )
  const differing = orders.flatMap(({ orderId, status }) => {
    const returned = apiStatuses.get(orderId) ?? 'unknown'
    return returned === status ? [] : [`order ${orderId} is ${status}, and the API returns ${returned}`]
  })
  return [...wrong, ...differing]
}

/** A lost connection is allowed: faults cause it. */
function isInContract({ result, orderId, retryAfter }: Attempt): boolean {
  if (typeof result === 'string') return true
  if (result === 202) return orderId !== undefined
  return result === 409 || (result === 503 && /^[1-9]\d*$/.test(retryAfter ?? ''))
}
