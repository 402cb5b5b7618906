import {
  type Database,
  type Effect,
  findProcessed,
  type Message,
  PoisonMessage,
  type Reactions,
} from '@order-saga/chassis'
import { v7 as uuidv7 } from 'uuid'

/**
 * The effect of a message if it were delivered now.
 * `duplicate`: its id is in the inbox. `already_final`: the state would not change. `would_be_dead_lettered`: its
 * consumer would dead-letter it. `would_be_refused`: it is forged and never replayed. `would_wait`: its
 * version is newer than this release. `unknown`: the consumer has no state.
 */
export type ReplayResult =
  | 'would_change'
  | 'duplicate'
  | 'already_final'
  | 'would_be_dead_lettered'
  | 'would_be_refused'
  | 'would_wait'
  | 'unknown'

export interface ReplayPreview {
  readonly result: ReplayResult
  /** The state change and the published events, or the reason why there is none. */
  readonly why: string
}

export const replayResultWords: Readonly<Record<ReplayResult, string>> = {
  would_change: 'would change',
  duplicate: 'duplicate',
  already_final: 'already final',
  would_be_dead_lettered: 'would be dead-lettered again',
  would_be_refused: 'would be refused',
  would_wait: 'would wait',
  unknown: 'unknown',
}

export interface PreviewedService<S, E extends Effect = never> {
  readonly reactions: Reactions<S, E>
  /** The service's record of an order: `saga`, `payment`, `reservation`. */
  readonly noun: string
  /** The state of the message's order. */
  readonly describe: (state: S, message: Message) => string
  readonly describeEffect?: (effect: E) => string
}

/**
 * Runs the service's reaction on the current state without writing state, inbox or outbox, and without external effects.
 * It holds the locks of a reaction until the state is read.
 */
export async function previewReaction<S, E extends Effect>(
  database: Database,
  { reactions, noun, describe, describeEffect = () => '' }: PreviewedService<S, E>,
  message: Message,
  now: Date,
): Promise<ReplayPreview> {
  const reaction = reactions.reactions.find(({ event }) => event.name === message.name)
  if (reaction === undefined) throw new Error(`no reaction to ${message.name}`)
  return await database.transaction(async (tx) => {
    const [state, processed] = await Promise.all([
      reactions.load(tx, [message], now),
      findProcessed(tx, reactions.consumer, [message.eventId]),
    ])
    if (processed.has(message.eventId)) {
      return { result: 'duplicate', why: `it is in the inbox of ${reactions.consumer}` }
    }
    const published: string[] = []
    try {
      const before = describe(state, message)
      const context = {
        now,
        append: (type: { readonly name: string }) => {
          published.push(type.name)
          return uuidv7()
        },
      }
      const effects = reaction.react(message, state, context) ?? []
      const after = describe(state, message)
      const changes = [
        ...(before === after ? [] : [`${noun} ${before} becomes ${after}`]),
        ...(published.length === 0 ? [] : [`publishes ${published.join(', ')}`]),
        ...effects.map(describeEffect),
      ]
      if (changes.length === 0) return { result: 'already_final', why: `${noun} ${before}: nothing would change` }
      return { result: 'would_change', why: changes.join('; ') }
    } catch (error) {
      if (error instanceof PoisonMessage) return { result: 'would_be_dead_lettered', why: error.message }
      throw error
    }
  })
}
