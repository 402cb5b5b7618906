import { setTimeout as wait } from 'node:timers/promises'
import pMap from 'p-map'
import { hasMissed, isAt, type SagaState } from './flows.ts'
import type { OrderClient, Saga } from './order-client.ts'

export interface Followed {
  readonly sagaId: string
  /** Where it is to end; followed to any end when not given. */
  readonly end?: SagaState
}

export interface FollowOptions {
  /** How long a saga may take from its deadline, or from now when it need not wait for its deadline. */
  readonly timeoutMs: number
  readonly onProgress?: ((ended: number) => void) | undefined
}

const [roundMs, perSagaMs] = [250, 10]
const concurrency = 10

/** True when neither a message nor the deadline will change the saga any more, as far as it is known from outside. */
function isAtRest(saga: SagaState): boolean {
  const final = ['completed', 'cancelled', 'timeout_cancelled'].includes(saga.status)
  return final && saga.compensation !== 'refund_requested'
}

/**
 * Asks for every saga until it is at its end, has missed it, or patience is over.
 * @returns the last state seen of each, in the order given; undefined where the service never answered
 */
export async function followSagas(
  client: OrderClient,
  followed: readonly Followed[],
  { timeoutMs, onProgress }: FollowOptions,
): Promise<(Saga | undefined)[]> {
  const seen: (Saga | undefined)[] = followed.map(() => undefined)
  const begun = Date.now()
  let open = followed.map((_, index) => index)
  while (open.length > 0) {
    const stillOpen: number[] = []
    const ask = async (index: number): Promise<void> => {
      const { sagaId, end } = followed[index] as Followed
      const saga = (seen[index] = (await client.saga(sagaId)) ?? seen[index])
      const arrived =
        saga !== undefined && (end === undefined ? isAtRest(saga) : isAt(saga, end) || hasMissed(saga, end))
      const waitsForDeadline = end === undefined || end.reason === 'timeout'
      const due = waitsForDeadline && saga !== undefined ? Math.max(begun, Date.parse(saga.deadline)) : begun
      if (!arrived && Date.now() < due + timeoutMs) stillOpen.push(index)
    }
    await pMap(open, ask, { concurrency })
    open = stillOpen
    onProgress?.(followed.length - open.length)
    if (open.length > 0) await wait(Math.min(roundMs, open.length * perSagaMs))
  }
  return seen
}
