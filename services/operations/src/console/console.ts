import { DependencyUnavailable } from '@order-saga/chassis'
import { parkReasonInWords, usualTimes } from '@order-saga/order'
import {
  type BlockedFilter,
  type BlockedLine,
  type DeliveryState,
  listBlockedSagas,
  readHeld,
  withBlockers,
} from '../inspect/blocked-sagas.ts'
import type { DeadLetter } from '../inspect/dead-letters/dead-letter.ts'
import type { MoveSources } from '../inspect/dead-letters/move.ts'
import { inspectSaga } from '../inspect/inspect-saga.ts'
import { type QueueReader, readAllRetries, readQueueFacts } from '../inspect/delivery.ts'
import { readLocks } from '../inspect/locks.ts'
import type { Actor } from '../inspect/operator-acts.ts'
import { readOutbox } from '../inspect/outboxes.ts'
import { readParked, releaseEvents, type ReleaseSources } from '../inspect/parked-events.ts'
import { queuesOfServices, readQueues } from '../inspect/queues.ts'
import type { RetryMessage } from '../inspect/retries/retry-message.ts'
import { readSaga, readSagaFacts } from '../inspect/saga-facts.ts'
import { readSagaOverview, type SagaLine, type SagaListOptions } from '../inspect/sagas.ts'
import type { InspectSources } from '../inspect/store.ts'
import { storeNames } from '../inspect/stores.ts'
import { recordsOf } from '../inspect/timeline.ts'
import { Cached } from './cached.ts'
import { DeadLetterService } from './dead-letters.ts'
import type {
  DeadLetterOutcome,
  OutboxLine,
  Overview,
  ParkedEvents,
  QueueLine,
  SagaDetail,
  SagaPage,
} from './page/answers.ts'

/** The type of a value after JSON serialization: dates are strings. */
type Json<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Json<T[K]> } : T

export const json = <T>(value: T): Json<T> => value as Json<T>

export interface ConsoleOptions {
  readonly mode: Overview['mode']
  readonly sources: InspectSources & MoveSources & ReleaseSources
  readonly retryDelaysMs: readonly number[]
  readonly runbooks: string
}

const parkedShown = 500
/** A scan keeps the messages of the retry queues from their return meanwhile, and a message is stuck for a minute or longer. */
const keepMs = { sagas: 1_000, delivery: 3_000, retries: 60_000 } as const
/** A slow broker does not delay the facts from the databases. */
const deliveryWaitMs = 1_000

export class Console {
  readonly deadLetters: DeadLetterService
  readonly sources: InspectSources & ReleaseSources
  readonly #options: ConsoleOptions
  readonly #sagas
  readonly #delivery
  readonly #usualTimes
  readonly #queueFacts
  readonly #retries
  readonly #blockers
  /** The sagas of the last overview. */
  #shown: readonly SagaLine[] = []

  constructor(options: ConsoleOptions) {
    const { databases, now } = options.sources
    this.#options = options
    this.sources = options.sources
    this.deadLetters = new DeadLetterService(options.sources)
    this.#sagas = new Cached(() => this.#readSagas(), keepMs.sagas, now)
    this.#delivery = new Cached(() => this.#readDelivery(), keepMs.delivery, now)
    this.#usualTimes = usualTimes(databases.order, now)
    const read = (): Promise<QueueReader> =>
      this.deadLetters.inTurn(() => readQueueFacts(options.sources, options.retryDelaysMs))
    this.#queueFacts = new Cached(read, keepMs.delivery, now)
    const readRetries = (): Promise<RetryMessage[] | undefined> =>
      this.deadLetters.inTurn(() => readAllRetries(options.sources, options.retryDelaysMs))
    this.#retries = new Cached(readRetries, keepMs.retries, now)
    this.#blockers = new Cached(() => this.#blockersOfShown(), keepMs.delivery, now)
  }

  /** @throws DependencyUnavailable while the order database is unavailable */
  async overview(): Promise<Overview> {
    const [sagas, delivery] = await Promise.all([this.#sagas.get(), this.#deliverySoon()])
    return json({ mode: this.#options.mode, ...sagas, ...delivery })
  }

  /** A page of sagas with their blockers. @throws DependencyUnavailable as `overview` */
  async list(options: SagaListOptions, blocked: BlockedFilter | undefined): Promise<SagaPage> {
    const { sagas, next } = await listBlockedSagas(this.sources, options, await this.#deliveryState(), blocked)
    return json({ sagas: sagas.map(lineOf), next })
  }

  /** The parked events of all outboxes. @throws DependencyUnavailable */
  async parked(): Promise<ParkedEvents> {
    const events = await readParked(this.sources, {}, parkedShown + 1)
    const shown = events.slice(0, parkedShown).map(({ reason, ...event }) => ({
      ...event,
      reason: parkReasonInWords(reason, event.event, this.sources.queues),
    }))
    return json({ events: shown, more: events.length > parkedShown })
  }

  /** Releases parked events by their ids. @throws NotDone when acts cannot be recorded */
  async release(ids: readonly string[], actor: Actor): Promise<DeadLetterOutcome> {
    const events = await readParked(this.sources, { ids }, null)
    const released = await releaseEvents(this.sources, events, actor)
    return { done: released.length, failed: events.length - released.length, missing: ids.length - events.length }
  }

  async #readSagas(): Promise<Pick<Overview, 'counts' | 'overdue' | 'violated' | 'sagas'>> {
    const { databases, now } = this.sources
    const { sagas, ...overview } = await readSagaOverview(databases.order, now())
    this.#shown = sagas
    // The other databases do not delay the facts from the order database.
    const blockers = await this.#blockers.getWithin(deliveryWaitMs).catch(() => undefined)
    return json({ ...overview, sagas: sagas.map((saga) => ({ ...saga, blockedBy: blockers?.get(saga.sagaId) ?? [] })) })
  }

  async #blockersOfShown(): Promise<ReadonlyMap<string, readonly string[]>> {
    const delivery = await this.#deliveryState()
    const held = await readHeld(this.sources, delivery)
    const blocked = await withBlockers(this.sources, this.#shown, delivery, held)
    return new Map(blocked.map(({ sagaId, blockers }) => [sagaId, blockers.map(({ kind }) => kind)]))
  }

  async #deliveryState(): Promise<DeliveryState> {
    const [queueFacts, delivery] = await Promise.all([this.#queueFactsSoon(), this.#deliverySoon()])
    const queues = delivery.queues ?? []
    const some = queues.some(({ deadLetters }) => (deadLetters ?? 0) > 0)
    const letters = some ? await this.deadLetters.list().catch(() => undefined) : undefined
    const retries = queues.some(({ retrying }) => (retrying ?? 0) > 0) ? await this.#retriesSoon() : []
    return { queueFacts, deadLetters: letters?.deadLetters, retries }
  }

  /** One saga by its id or its order's; undefined if it does not exist. @throws DependencyUnavailable as `overview` */
  async saga(id: string): Promise<SagaDetail | undefined> {
    const { databases, now } = this.sources
    const recorded = await readSaga(databases.order, id)
    if (recorded === undefined) return undefined
    const [facts, usual, deadLetters, retries] = await Promise.all([
      readSagaFacts(databases, recorded, { partial: true }),
      this.#usualTimes(),
      this.#deadLettersOf(recorded.sagaId),
      this.#retriesOf(recorded.sagaId),
    ])
    const [locksOf, queueFacts] = await Promise.all([readLocks(databases, [recorded]), this.#queueFactsSoon()])
    const { explanation, timeline } = inspectSaga(facts, {
      queues: this.sources.queues,
      deadLetters,
      queueFacts,
      retries,
      locks: locksOf(recorded),
      breakers: (await this.sources.breakers?.()) ?? [],
      usual,
      now: now(),
    })
    const { text, atRest, waitsFor, blockers } = explanation
    const { history: _history, ...saga } = recorded
    const blockedBy = blockers.map(({ kind }) => kind)
    return json({
      ...saga,
      blockedBy,
      explanation: text,
      atRest,
      waitsFor,
      blockers,
      runbooks: this.#options.runbooks,
      timeline,
      records: recordsOf(facts),
    })
  }

  async #deadLettersOf(sagaId: string): Promise<readonly DeadLetter[]> {
    const { queues } = await this.#deliverySoon()
    if (!(queues ?? []).some(({ deadLetters }) => (deadLetters ?? 0) > 0)) return []
    const { deadLetters } = await this.deadLetters.list().catch(() => ({ deadLetters: [] }))
    return deadLetters.filter((letter) => letter.sagaId === sagaId)
  }

  async #retriesOf(sagaId: string): Promise<readonly RetryMessage[]> {
    const { queues } = await this.#deliverySoon()
    if (!(queues ?? []).some(({ retrying }) => (retrying ?? 0) > 0)) return []
    return (await this.#retriesSoon()).filter((retry) => retry.sagaId === sagaId)
  }

  async #retriesSoon(): Promise<readonly RetryMessage[]> {
    return (await this.#retries.getWithin(deliveryWaitMs).catch(() => undefined)) ?? []
  }

  /** Undefined while the broker is unavailable. */
  async #queueFactsSoon(): Promise<QueueReader | undefined> {
    return await this.#queueFacts.getWithin(deliveryWaitMs).catch(() => undefined)
  }

  async #deliverySoon(): Promise<Pick<Overview, 'outboxes' | 'queues'>> {
    return (await this.#delivery.getWithin(deliveryWaitMs)) ?? { outboxes: [], queues: null }
  }

  async #readDelivery(): Promise<Pick<Overview, 'outboxes' | 'queues'>> {
    const outboxes = storeNames.map(async (service): Promise<OutboxLine> => {
      const state = await readOutbox(this.sources.databases[service]).catch(nullIfUnavailable)
      if (state === null) return { service, state }
      const ageMs = state.oldest === null ? 0 : this.sources.now().getTime() - state.oldest.getTime()
      return { service, state: { ...json(state), oldestSeconds: Math.max(0, Math.round(ageMs / 1_000)) } }
    })
    return { outboxes: await Promise.all(outboxes), queues: await this.#readQueues() }
  }

  async #readQueues(): Promise<QueueLine[] | null> {
    const { broker, queues } = this.sources
    const services = queuesOfServices(queues, this.#options.retryDelaysMs)
    const names = services.flatMap(({ consumed, retries, deadLetters }) => [...consumed, ...retries, deadLetters])
    // A lost connection causes other errors than DependencyUnavailable too.
    const read = await this.deadLetters.inTurn(async () => readQueues(await broker(), names)).catch(() => null)
    if (read === null) return null
    const depths = new Map(read.map((depth) => [depth.queue, depth]))
    const messagesIn = (queue: string): number | null => depths.get(queue)?.messages ?? null
    return services.flatMap(({ consumed, retries, deadLetters }) =>
      consumed.map((queue, i) => ({
        queue,
        messages: messagesIn(queue),
        consumers: depths.get(queue)?.consumers ?? null,
        retrying: i > 0 ? null : retries.reduce((sum, retry) => sum + (messagesIn(retry) ?? 0), 0),
        deadLetters: i > 0 ? null : messagesIn(deadLetters),
      })),
    )
  }
}

const lineOf = ({ blockers, ...saga }: BlockedLine) => ({ ...saga, blockedBy: blockers.map(({ kind }) => kind) })

function nullIfUnavailable(error: unknown): null {
  if (error instanceof DependencyUnavailable) return null
  throw error
}
