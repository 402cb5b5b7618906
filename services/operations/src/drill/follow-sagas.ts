import { setTimeout as wait } from 'node:timers/promises'
import pMap from 'p-map'
import { hasMissed, isAt, isFinal, type SagaState } from './flows.ts'
import type { OrderClient, Saga } from './order-client.ts'

export interface FollowedSaga {
  readonly sagaId: string
  /** The expected state; any final state if undefined. */
  readonly end?: SagaState
}

export interface FollowOptions {
  /** Counted from the saga's deadline if the flow waits for it, otherwise from now. */
  readonly timeoutMs: number
  readonly onProgress?: ((ended: number) => void) | undefined
}

const [roundMs, perSagaMs] = [250, 10]
const concurrency = 10

function isAtRest(saga: SagaState): boolean {
  return isFinal(saga) && saga.compensation !== 'refund_requested'
}

/** Both instants are of the order service's clock. */
function timeToDeadline({ createdAt, deadline }: Saga): number {
  return Date.parse(deadline) - Date.parse(createdAt)
}

/**
 * Polls every saga until it reaches the expected state, cannot reach it, or the timeout expires.
 * @returns the last state of each, in the given order; undefined if the service never returned it
 */
export async function followSagas(
  client: OrderClient,
  followed: readonly FollowedSaga[],
  { timeoutMs, onProgress }: FollowOptions,
): Promise<(Saga | undefined)[]> {
  const seen: (Saga | undefined)[] = followed.map(() => undefined)
  const begun = performance.now()
  let open = followed.map((_, index) => index)
  while (open.length > 0) {
    const stillOpen: number[] = []
    const poll = async (index: number): Promise<void> => {
      const { sagaId, end } = followed[index] as FollowedSaga
      const saga = (seen[index] = (await client.saga(sagaId)) ?? seen[index])
      const arrived =
        saga !== undefined && (end === undefined ? isAtRest(saga) : isAt(saga, end) || hasMissed(saga, end))
      const waitsForDeadline = end === undefined || end.reason === 'timeout'
      const due = waitsForDeadline && saga !== undefined ? begun + timeToDeadline(saga) : begun
      if (!arrived && performance.now() < due + timeoutMs) stillOpen.push(index)
    }
    await pMap(open, poll, { concurrency })
    open = stillOpen
    onProgress?.(followed.length - open.length)
    if (open.length > 0) await wait(Math.min(roundMs, open.length * perSagaMs))
  }
  return seen
}
