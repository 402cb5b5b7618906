import { DependencyUnavailable, statement } from '@order-saga/chassis'
import { type Blocker, type BlockerKind, isFinal } from '@order-saga/order'
import { type DeadLetter, uuid } from './dead-letters/dead-letter.ts'
import type { QueueReader } from './delivery.ts'
import { inspectSaga } from './inspect-saga.ts'
import { readLocks } from './locks.ts'
import type { RetryMessage } from './retries/retry-message.ts'
import { readFactsOfSagas } from './saga-facts.ts'
import { listSagas, type SagaLine, type SagaListOptions } from './sagas.ts'
import type { InspectSources } from './store.ts'
import { storeNames } from './stores.ts'

/** Facts that are read once for many sagas; undefined parts could not be read. */
export interface DeliveryState {
  readonly deadLetters: readonly DeadLetter[] | undefined
  readonly retries: readonly RetryMessage[] | undefined
  readonly queueFacts: QueueReader | undefined
}

export interface BlockedLine extends SagaLine {
  readonly blockers: readonly Blocker[]
}

/** Adds the blockers. A complete saga is read only if it is one of `held`. */
export async function withBlockers(
  sources: InspectSources,
  sagas: readonly SagaLine[],
  { deadLetters = [], retries = [], queueFacts }: DeliveryState,
  held: ReadonlySet<string>,
): Promise<BlockedLine[]> {
  const ofSaga = <T extends { readonly sagaId: string | undefined }>(all: readonly T[], id: string): T[] =>
    all.filter(({ sagaId }) => sagaId === id)
  const open = sagas.filter(
    ({ sagaId, status, compensation }) => !isFinal(status) || compensation === 'refund_requested' || held.has(sagaId),
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
        deadLetters: ofSaga(deadLetters, saga.sagaId),
        retries: ofSaga(retries, saga.sagaId),
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

/** Each part reads a partial index: the outbox has the published events of a day. */
const unpublished = statement(
  'sagas-unpublished',
  `SELECT saga_id AS "sagaId" FROM events WHERE published_at IS NULL AND parked_at IS NULL AND unroutable_since IS NOT NULL
   UNION SELECT saga_id FROM events WHERE parked_at IS NOT NULL AND published_at IS NULL LIMIT $1`,
)

/** The sagas with a message that is a dead letter, in a retry queue, parked or unroutable: also complete ones are blocked by it. */
export async function readHeld(
  { databases }: Pick<InspectSources, 'databases'>,
  { deadLetters = [], retries = [] }: DeliveryState,
): Promise<ReadonlySet<string>> {
  const rows = await Promise.all(
    storeNames.map((store) =>
      databases[store].query<{ sagaId: string }>(unpublished, [heldLimit]).catch((error: unknown) => {
        if (error instanceof DependencyUnavailable) return []
        throw error
      }),
    ),
  )
  const ids = [...deadLetters, ...retries, ...rows.flat()].map(({ sagaId }) => sagaId)
  return new Set(ids.filter((id) => id !== undefined && uuid.test(id)) as string[])
}

/** `any`: every kind. */
export type BlockedFilter = BlockerKind | 'any'

const isBlockedBy = ({ blockers }: Pick<BlockedLine, 'blockers'>, filter: BlockedFilter): boolean =>
  blockers.some(({ kind }) => filter === 'any' || kind === filter)

/** Sagas of unpublished events that are read from each outbox. */
const heldLimit = 5_000
/** Sagas examined for one page of blocked ones at most. */
const examined = 2_000
const batch = 100

/**
 * A page of sagas with their blockers; with a filter only the blocked ones, of the open sagas and those of `readHeld`.
 * @returns `next`: the saga to continue after. The page may be short although more sagas follow
 */
export async function listBlockedSagas(
  sources: InspectSources,
  options: SagaListOptions,
  delivery: DeliveryState,
  filter: BlockedFilter | undefined,
): Promise<{ sagas: BlockedLine[]; next: string | null }> {
  const held = await readHeld(sources, delivery)
  if (filter === undefined) {
    const { sagas, next } = await listSagas(sources.databases.order, options)
    return { sagas: await withBlockers(sources, sagas, delivery, held), next }
  }
  const found: BlockedLine[] = []
  let after = options.after
  for (let seen = 0; seen < examined; seen += batch) {
    const page = await listSagas(sources.databases.order, { ...options, openOr: [...held], after, limit: batch })
    for (const saga of await withBlockers(sources, page.sagas, delivery, held)) {
      if (!isBlockedBy(saga, filter)) continue
      found.push(saga)
      if (found.length === options.limit) return { sagas: found, next: saga.sagaId }
    }
    if (page.next === null) return { sagas: found, next: null }
    after = page.next
  }
  return { sagas: found, next: after ?? null }
}
