import type { EventType } from '@order-saga/contracts'
import type { Message } from '../messaging/message.ts'
import { Breaker } from '../core/breaker.ts'
import type { Transaction } from './database.ts'
import { GroupCommit } from './group-commit.ts'
import { claimEvents, findProcessed } from './inbox.ts'
import { commitWithEvents, type ReactionContext, type UnitOfWork } from './unit-of-work.ts'

/** Work for the outside world, to be done after the commit. The message stays unclaimed and unacknowledged until then. */
export type Effect = () => Promise<void>

/**
 * What a service does on one event. `react` is synchronous and changes only `state`, which was loaded and locked for the
 * whole batch and is saved after it; so it costs no round trip and can be run in a test without a database.
 */
export interface Reaction<S, P = unknown> {
  readonly event: EventType<P>
  readonly react: (message: Message<P>, state: S, context: ReactionContext) => Effect | void
}

export function on<S, P>(
  event: EventType<P>,
  react: (message: Message<P>, state: S, context: ReactionContext) => Effect | void,
): Reaction<S> {
  return { event, react } as unknown as Reaction<S>
}

export interface Reactions<S> {
  /** Name in the inbox: the queue. */
  readonly consumer: string
  readonly reactions: readonly Reaction<S>[]
  /** Loads and locks, in a fixed order of keys, all that the messages may change. */
  readonly load: (tx: Transaction, messages: readonly Message[]) => Promise<S>
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

export interface Reacted {
  readonly result: 'processed' | 'duplicate'
  readonly effect?: Effect
}

/**
 * The one way a message has its effect: decode was before; then, in one transaction for all messages that are there,
 * lock → look up the ids → react → save → claim the ids → append the outgoing events → commit; the ack comes after.
 */
export class Reactor<S> {
  readonly #reactions: Reactions<S>
  readonly #dependencies: ReactorDependencies
  readonly #byEvent: ReadonlyMap<string, Reaction<S>>
  readonly #group: GroupCommit<Message, Reacted>
  readonly #breaker: Breaker

  constructor(reactions: Reactions<S>, dependencies: ReactorDependencies) {
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

  get events(): readonly EventType[] {
    return this.#reactions.reactions.map((reaction) => reaction.event)
  }

  /**
   * Resolves once the effect of the message is durable, or with the outside effect that is still to be done.
   * @throws DependencyUnavailable when the database is in trouble, or the signal is aborted while waiting for it
   */
  async react(message: Message, signal?: AbortSignal): Promise<Reacted> {
    return await this.#breaker.run(() => this.#group.submit(message, { isolated: message.redelivered }), signal)
  }

  async #commit(messages: readonly Message[]): Promise<readonly Reacted[]> {
    const done = await commitWithEvents(this.#dependencies, async (tx, context) => {
      const ids = messages.map((message) => message.eventId)
      const [state, processed] = await Promise.all([
        this.#reactions.load(tx, messages),
        findProcessed(tx, this.#reactions.consumer, ids),
      ])
      const claims: string[] = []
      const results = new Map<Message, Reacted>()
      for (const message of inOrder(messages, this.#reactions.first)) {
        if (processed.has(message.eventId)) {
          results.set(message, { result: 'duplicate' })
          continue
        }
        const effect = this.#byEvent.get(message.name)?.react(message, state, context) ?? undefined
        results.set(message, effect === undefined ? { result: 'processed' } : { result: 'processed', effect })
        if (effect === undefined) {
          processed.add(message.eventId)
          claims.push(message.eventId)
        }
      }
      this.#reactions.save(tx, state, context.now)
      claimEvents(tx, this.#reactions.consumer, claims, context.now)
      return { state, results }
    })
    this.#reactions.committed?.(done.state)
    return messages.map((message) => done.results.get(message) as Reacted)
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
