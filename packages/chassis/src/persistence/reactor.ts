import type { EventType } from '@order-saga/contracts'
import type { Message } from '../messaging/message.ts'
import { Breaker } from '../core/breaker.ts'
import type { Transaction } from './database.ts'
import { GroupCommit } from './group-commit.ts'
import { findProcessed } from './inbox.ts'
import { awaitReplication } from './replicated-commit.ts'
import { UnverifiedState } from './sql-errors.ts'
import { commitWithEvents, type ReactionContext, type UnitOfWork } from './unit-of-work.ts'

/** An outside effect as data: a reaction returns it, and the service starts it after the commit. */
export interface Effect {
  /** Whether its result claims the event. Until then the delivery is unacknowledged; otherwise the intent claims the event. */
  readonly awaited: boolean
}

/**
 * The reaction of a service to one event. `react` is synchronous and changes only `state`, which was loaded and locked for the
 * whole batch and is saved after it; so it costs no round trip and can be run in a test without a database.
 */
export interface Reaction<S, E extends Effect = never, P = unknown> {
  readonly event: EventType<P>
  readonly react: (message: Message<P>, state: S, context: ReactionContext) => readonly E[] | void
}

export function on<S, P, E extends Effect = never>(
  event: EventType<P>,
  react: Reaction<S, E, P>['react'],
): Reaction<S, E> {
  return { event, react } as unknown as Reaction<S, E>
}

export interface Reactions<S, E extends Effect = never> {
  /** Name in the inbox: the queue. */
  readonly consumer: string
  readonly reactions: readonly Reaction<S, E>[]
  /** Loads and locks, in a fixed order of keys, all that the messages may change. */
  readonly load: (tx: Transaction, messages: readonly Message[], now: Date) => Promise<S>
  /**
   * The state from the cache of this process, so that nothing needs to be read; undefined unless all of it is cached.
   * `save` must then write every row of it with a check of its version, or insert it: otherwise the transaction is repeated,
   * and reads.
   */
  readonly loadCached?: (messages: readonly Message[], now: Date) => S | undefined
  /** An event that goes before all others of its batch, because what it stops should not be started first. */
  readonly first?: EventType
  /** Writes what has changed. */
  readonly save: (tx: Transaction, state: S, now: Date) => void
  /** Runs after the commit, for what only counts when it has happened. */
  readonly committed?: (state: S) => void
}

export interface ReactorDependencies extends UnitOfWork {
  readonly breaker?: Breaker
  readonly batchSize?: number
}

export interface ReactionResult<E extends Effect = never> {
  readonly result: 'processed' | 'duplicate'
  /** The caller starts them: their intents are durable. */
  readonly effects: readonly E[]
}

/**
 * The one way a message has its effect: decode was before; then, in one transaction for all messages that are there,
 * lock → look up the ids → react → save → claim the ids → append the outgoing events → commit; the ack comes after. Where
 * the state is cached, the transaction begins with react, and is one round trip: the versions of the rows and
 * the primary key of the inbox verify it (docs/decisions/0054).
 */
export class Reactor<S, E extends Effect = never> {
  readonly #reactions: Reactions<S, E>
  readonly #dependencies: ReactorDependencies
  readonly #byEvent: ReadonlyMap<string, Reaction<S, E>>
  readonly #group: GroupCommit<Message, ReactionResult<E>>
  readonly #breaker: Breaker

  constructor(reactions: Reactions<S, E>, dependencies: ReactorDependencies) {
    this.#reactions = reactions
    this.#dependencies = dependencies
    this.#byEvent = new Map(reactions.reactions.map((reaction) => [reaction.event.name, reaction]))
    this.#breaker = dependencies.breaker ?? new Breaker({ name: 'database' })
    this.#group = new GroupCommit({
      limit: dependencies.batchSize ?? 100,
      commit: (messages) => this.#commit(messages),
      now: dependencies.now,
    })
  }

  /**
   * Resolves once the change is committed, with the outside effects to start.
   * @throws DependencyUnavailable when the database is unavailable, or the signal is aborted while waiting for it
   */
  async react(message: Message, signal?: AbortSignal): Promise<ReactionResult<E>> {
    return await this.#breaker.run(() => this.#group.submit(message, { isolated: message.redelivered }), signal)
  }

  async #commit(messages: readonly Message[]): Promise<readonly ReactionResult<E>[]> {
    const cached = this.#reactions.loadCached?.(messages, this.#dependencies.now())
    const done = await commitWithEvents(this.#dependencies, async (tx, context) => {
      const known = context.isRepeated ? undefined : cached
      const [state, processed] = known === undefined ? await this.#load(tx, messages, context.now) : [known, new Set()]
      const claims: string[] = []
      const results = new Map<Message, ReactionResult<E>>()
      for (const message of inOrder(messages, this.#reactions.first)) {
        if (processed.has(message.eventId)) {
          results.set(message, { result: 'duplicate', effects: [] })
          continue
        }
        const effects = this.#react(message, state, context, known !== undefined)
        results.set(message, { result: 'processed', effects })
        if (effects.some(({ awaited }) => awaited)) continue
        processed.add(message.eventId)
        claims.push(message.eventId)
      }
      this.#reactions.save(tx, state, context.now)
      context.claim(this.#reactions.consumer, claims)
      // Duplicates are acknowledged, and awaited effects started, on what an earlier transaction has written.
      if (claims.length === 0 && known === undefined) awaitReplication(tx)
      return { state, results }
    })
    this.#reactions.committed?.(done.state)
    return messages.map((message) => done.results.get(message) as ReactionResult<E>)
  }

  async #load(tx: Transaction, messages: readonly Message[], now: Date): Promise<[S, Set<string>]> {
    const ids = messages.map((message) => message.eventId)
    return await Promise.all([
      this.#reactions.load(tx, messages, now),
      findProcessed(tx, this.#reactions.consumer, ids),
    ])
  }

  #react(message: Message, state: S, context: ReactionContext, isCached: boolean): readonly E[] {
    try {
      return this.#byEvent.get(message.name)?.react(message, state, context) ?? []
    } catch (error) {
      // The reason may be that a cached row is outdated.
      throw isCached ? new UnverifiedState('a reaction failed', { cause: error }) : error
    }
  }
}

/** As they arrived, but for the event that goes first. */
function inOrder(messages: readonly Message[], first: EventType | undefined): readonly Message[] {
  if (first === undefined) return messages
  return [
    ...messages.filter((message) => message.name === first.name),
    ...messages.filter((message) => message.name !== first.name),
  ]
}
