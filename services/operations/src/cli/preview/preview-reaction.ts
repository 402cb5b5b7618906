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
 * What a message would do if it were delivered now.
 * `duplicate`: it is in the inbox. `already_final`: it is not, and the state is past it. `dies_again`: its consumer would
 * dead-letter it at once. `unknown`: the consumer keeps no state.
 */
export type Verdict = 'would_change' | 'duplicate' | 'already_final' | 'dies_again' | 'unknown'

export interface ReplayPreview {
  readonly verdict: Verdict
  /** In words: what changes from what to what and which events are published, or why nothing does. */
  readonly why: string
}

export const verdictWords: Readonly<Record<Verdict, string>> = {
  would_change: 'would change',
  duplicate: 'duplicate',
  already_final: 'already final',
  dies_again: 'would die again',
  unknown: 'cannot be told',
}

export interface PreviewedService<S, E extends Effect = never> {
  readonly reactions: Reactions<S, E>
  /** What the service keeps of an order: `saga`, `payment`, `reservation`. */
  readonly noun: string
  /** How it stands for the message's order, in words. */
  readonly describe: (state: S, message: Message) => string
  /** An effect that it starts, in words. */
  readonly describeEffect?: (effect: E) => string
}

/**
 * Runs the service's own reaction on the state as it is now, and writes nothing: neither the new state, nor the claim,
 * nor the events, and no outside effect is started. Holds the locks a reaction holds for as long as the reading takes.
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
      return { verdict: 'duplicate', why: `it is in the inbox of ${reactions.consumer}` }
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
      if (changes.length === 0) return { verdict: 'already_final', why: `${noun} ${before}: nothing would change` }
      return { verdict: 'would_change', why: changes.join('; ') }
    } catch (error) {
      if (error instanceof PoisonMessage) return { verdict: 'dies_again', why: error.message }
      throw error
    }
  })
}
