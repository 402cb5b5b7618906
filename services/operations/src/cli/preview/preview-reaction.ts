import { type Database, findProcessed, type Message, PoisonMessage, type Reactions } from '@order-saga/chassis'
import { v7 as uuidv7 } from 'uuid'
import type { ReplayPreview } from './replay-preview.ts'

export interface PreviewedService<S> {
  readonly reactions: Reactions<S>
  /** What the service keeps of an order: `saga`, `payment`, `reservation`. */
  readonly noun: string
  /** How it stands for the message's order, in words. */
  readonly describe: (state: S, message: Message) => string
  /** What is asked of the outside world because of it, in words. */
  readonly effect?: (state: S, message: Message, started: boolean) => string | undefined
}

/**
 * Runs the service's own reaction on the state as it is now, and writes nothing: neither the new state, nor the claim,
 * nor the events, and no outside effect is started. Holds the locks a reaction holds for as long as the reading takes.
 */
export async function previewReaction<S>(
  database: Database,
  { reactions, noun, describe, effect }: PreviewedService<S>,
  message: Message,
  now: Date,
): Promise<ReplayPreview> {
  const reaction = reactions.reactions.find(({ event }) => event.name === message.name)
  if (reaction === undefined) throw new Error(`no reaction to ${message.name}`)
  return await database.transaction(async (tx) => {
    const [state, processed] = await Promise.all([
      reactions.load(tx, [message]),
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
      const started = reaction.react(message, state, context) !== undefined
      const after = describe(state, message)
      const asked = effect?.(state, message, started)
      const changes = [
        ...(before === after ? [] : [`${noun} ${before} becomes ${after}`]),
        ...(published.length === 0 ? [] : [`publishes ${published.join(', ')}`]),
        ...(asked === undefined ? [] : [asked]),
      ]
      if (changes.length === 0) return { verdict: 'already_final', why: `${noun} ${before}: nothing would change` }
      return { verdict: 'would_change', why: changes.join('; ') }
    } catch (error) {
      if (error instanceof PoisonMessage) return { verdict: 'dies_again', why: error.message }
      throw error
    }
  })
}
