import { type Blocker, type BlockerKind, isFinal } from '@order-saga/order'
import type { DeadLetter } from './dead-letters/dead-letter.ts'
import type { QueueReader } from './delivery.ts'
import { inspectSaga } from './inspect-saga.ts'
import { readLocks } from './locks.ts'
import { readFactsOfSagas } from './saga-facts.ts'
import { listSagas, type SagaLine, type SagaListOptions } from './sagas.ts'
import type { InspectSources } from './store.ts'

/** Facts that are read once for many sagas; undefined parts could not be read. */
export interface DeliveryState {
  readonly deadLetters: readonly DeadLetter[] | undefined
  readonly queueFacts: QueueReader | undefined
}

export interface BlockedLine extends SagaLine {
  readonly blockers: readonly Blocker[]
}

/** Adds the blockers. A saga with a final status and no compensation in progress is not read. */
export async function withBlockers(
  sources: InspectSources,
  sagas: readonly SagaLine[],
  { deadLetters = [], queueFacts }: DeliveryState,
): Promise<BlockedLine[]> {
  const lettersOf = (id: string): DeadLetter[] => deadLetters.filter(({ sagaId }) => sagaId === id)
  const open = sagas.filter(
    ({ sagaId, status, compensation }) =>
      !isFinal(status) || compensation === 'refund_requested' || lettersOf(sagaId).length > 0,
  )
  const facts = await readFactsOfSagas(
    sources.databases,
    open.map(({ sagaId }) => sagaId),
  )
  const locksOf = await readLocks(
    sources.databases,
    facts.map(({ saga }) => saga),
  )
  const breakers = facts.length === 0 ? [] : ((await sources.breakers?.()) ?? [])
  const now = sources.now()
  const blockers = new Map(
    facts.map((each) => {
      const { saga } = each
      const context = {
        queues: sources.queues,
        deadLetters: lettersOf(saga.sagaId),
        queueFacts,
        locks: locksOf(saga),
        breakers,
        usual: {},
        now,
      }
      return [saga.sagaId, inspectSaga(each, context).explanation.blockers]
    }),
  )
  return sagas.map((saga) => ({ ...saga, blockers: blockers.get(saga.sagaId) ?? [] }))
}

/** `any`: every kind. */
export type BlockedFilter = BlockerKind | 'any'

const isBlockedBy = ({ blockers }: Pick<BlockedLine, 'blockers'>, filter: BlockedFilter): boolean =>
  blockers.some(({ kind }) => filter === 'any' || kind === filter)

/** Sagas examined for one page of blocked ones at most. */
const examined = 2_000
const batch = 100

/**
 * A page of sagas with their blockers; with a filter only the blocked ones, of the open sagas.
 * @returns `next`: the saga to continue after. The page may be short although more sagas follow
 */
export async function listBlockedSagas(
  sources: InspectSources,
  options: SagaListOptions,
  delivery: DeliveryState,
  filter: BlockedFilter | undefined,
): Promise<{ sagas: BlockedLine[]; next: string | null }> {
  if (filter === undefined) {
    const { sagas, next } = await listSagas(sources.databases.order, options)
    return { sagas: await withBlockers(sources, sagas, delivery), next }
  }
  const found: BlockedLine[] = []
  let after = options.after
  for (let seen = 0; seen < examined; seen += batch) {
    const page = await listSagas(sources.databases.order, { ...options, open: true, after, limit: batch })
    for (const saga of await withBlockers(sources, page.sagas, delivery)) {
      if (!isBlockedBy(saga, filter)) continue
      found.push(saga)
      if (found.length === options.limit) return { sagas: found, next: saga.sagaId }
    }
    if (page.next === null) return { sagas: found, next: null }
    after = page.next
  }
  return { sagas: found, next: after ?? null }
}
