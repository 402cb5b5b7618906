import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { GatewayUnavailable, OutcomeUnknown } from '../../src/gateway/payment-gateway.ts'

export interface Failure {
  readonly thrown: 'OutcomeUnknown' | 'GatewayUnavailable'
}
export type Outcome = { readonly value: unknown } | Failure

/** The outcome of a call. Fails when it shows the API key, or throws an error that the interface does not name. */
export async function outcomeOf(call: Promise<unknown>, apiKey: string): Promise<Outcome> {
  const [settled] = await Promise.allSettled([call])
  const shown = inspect(settled, { depth: Infinity, showHidden: true })
  assert(!shown.includes(apiKey), `the API key shows in ${shown}`)
  if (settled.status === 'fulfilled') return { value: settled.value }
  if (settled.reason instanceof OutcomeUnknown) return { thrown: 'OutcomeUnknown' }
  if (settled.reason instanceof GatewayUnavailable) return { thrown: 'GatewayUnavailable' }
  throw settled.reason
}
