import {
  type Append,
  BlockedByLock,
  type Database,
  DependencyUnavailable,
  type Effect,
  failureOf,
  findProcessed,
  type Message,
  messageOf,
  newEvent,
  type OutgoingEvent,
  PoisonMessage,
  type Reactions,
  sqlState,
  statement,
  type Transaction,
  writeMessages,
} from '@order-saga/chassis'
import { v7 as uuidv7 } from 'uuid'

/**
 * The effect of a message if it were delivered now.
 * `would_fail`: the database would refuse its writes, so the consumer would repeat and then dead-letter it.
 * `duplicate`: its id is in the inbox. `already_final`: the state would not change. `would_be_dead_lettered`: its
 * consumer would dead-letter it. `would_be_refused`: it is forged and never replayed. `would_wait`: its
 * version is newer than this release. `unknown`: the consumer has no state.
 */
export type ReplayResult =
  | 'would_change'
  | 'would_fail'
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
  /** Steps of a replay that the preview could not test. */
  readonly untested: readonly string[]
}

export const replayResultWords: Readonly<Record<ReplayResult, string>> = {
  would_change: 'would change',
  would_fail: 'would fail',
  duplicate: 'duplicate',
  already_final: 'already final',
  would_be_dead_lettered: 'would be dead-lettered again',
  would_be_refused: 'would be refused',
  would_wait: 'would wait',
  unknown: 'unknown',
}

/** An effect with its name. */
type NamedEffect = Effect & { readonly effect: string }

export interface PreviewedService<S, E extends NamedEffect = never> {
  readonly reactions: Reactions<S, E>
  /** The service's record of an order: `saga`, `payment`, `reservation`. */
  readonly noun: string
  /** The state of the message's order. */
  readonly describe: (state: S, message: Message) => string
  readonly describeEffect?: (effect: E) => string
  /** The setting that names the user with the service's rights; undefined if the preview has them. */
  readonly missingLogin?: string | undefined
}

/** Tests what is deferred to the commit, too. */
const checkConstraints = statement('preview-constraints', 'SET CONSTRAINTS ALL IMMEDIATE')

/** Ends the transaction of a preview, which is always rolled back. */
class RolledBack extends Error {
  readonly preview: ReplayPreview

  constructor(preview: ReplayPreview) {
    super('a preview is rolled back')
    this.preview = preview
  }
}

/**
 * Runs the service's reaction on the current state and its writes (state, inbox, outbox) in a transaction that is rolled
 * back, so that triggers and constraints take part. It has no external effects, and holds the locks of a reaction meanwhile.
 */
export async function previewReaction<S, E extends NamedEffect>(
  database: Database,
  service: PreviewedService<S, E>,
  message: Message,
  now: Date,
): Promise<ReplayPreview> {
  try {
    return await run(database, service, message, { now, withWrites: true })
  } catch (error) {
    if (error instanceof BlockedByLock) return { result: 'would_fail', why: error.message, untested: [] }
    const state = sqlState(rootOf(error))
    if (state === insufficientPrivilege && service.missingLogin !== undefined) {
      const preview = await run(database, service, message, { now, withWrites: false }).catch(unlessRefused)
      const denied = messageOf(rootOf(error))
      const why = `${denied}; set ${service.missingLogin} to the runtime role`
      return { ...preview, untested: [`its writes, triggers and constraints (${why})`, ...preview.untested] }
    }
    if (state === insufficientPrivilege) return { result: 'would_fail', why: inWords(rootOf(error)), untested: [] }
    if (state === '' || error instanceof DependencyUnavailable) throw error
    return { result: 'would_fail', why: inWords(error), untested: [] }
  }
}

const insufficientPrivilege = '42501'

/** A role that only reads may not lock the rows either. */
function unlessRefused(error: unknown): ReplayPreview {
  if (sqlState(rootOf(error)) !== insufficientPrivilege) throw error
  return { result: 'unknown', why: 'the user may not lock the rows of the order', untested: [] }
}
const rootOf = (error: unknown): unknown => (error instanceof DependencyUnavailable ? error.cause : error)

async function run<S, E extends NamedEffect>(
  database: Database,
  { reactions, noun, describe, describeEffect = () => '' }: PreviewedService<S, E>,
  message: Message,
  { now, withWrites }: { readonly now: Date; readonly withWrites: boolean },
): Promise<ReplayPreview> {
  const reaction = reactions.reactions.find(({ event }) => event.name === message.name)
  if (reaction === undefined) throw new Error(`no reaction to ${message.name}`)
  const work = async (tx: Transaction): Promise<ReplayPreview> => {
    const [state, processed] = await Promise.all([
      reactions.load(tx, [message], now),
      findProcessed(tx, reactions.consumer, [message.eventId]),
    ])
    if (processed.has(message.eventId)) {
      return { result: 'duplicate', why: `it is in the inbox of ${reactions.consumer}`, untested: [] }
    }
    const outgoing: OutgoingEvent[] = []
    const append: Append = (type, payload, cause, eventId = uuidv7()) => {
      outgoing.push(newEvent(type, payload, cause, { eventId, now }))
      return eventId
    }
    const before = describe(state, message)
    const effects = reaction.react(message, state, { now, append }) ?? []
    const after = describe(state, message)
    if (withWrites) {
      reactions.save(tx, state, now)
      const isAwaited = effects.some(({ awaited }) => awaited)
      const claims = { consumer: reactions.consumer, ids: isAwaited ? [] : [message.eventId] }
      writeMessages(tx, { claims, events: outgoing, now })
      await tx.query(checkConstraints)
    }
    const untested = effects.map(
      ({ effect }) => `the ${effect} at the payment provider, and the transaction with its result`,
    )
    const changes = [
      ...(before === after ? [] : [`${noun} ${before} becomes ${after}`]),
      ...(outgoing.length === 0 ? [] : [`publishes ${outgoing.map(({ name }) => name).join(', ')}`]),
      ...effects.map(describeEffect),
    ]
    return changes.length === 0
      ? { result: 'already_final', why: `${noun} ${before}: nothing would change`, untested }
      : { result: 'would_change', why: changes.join('; '), untested }
  }
  try {
    return await database.transaction(async (tx) => {
      throw new RolledBack(await work(tx))
    })
  } catch (error) {
    if (error instanceof RolledBack) return error.preview
    if (error instanceof PoisonMessage) return { result: 'would_be_dead_lettered', why: error.message, untested: [] }
    throw error
  }
}

/** The error of PostgreSQL, with the place: a trigger's function, a constraint. */
function inWords(error: unknown): string {
  const { sqlState: state, statement: name, table, constraint, where } = failureOf(error)
  const place = [
    ...(name === undefined ? [] : [`statement ${name}`]),
    ...(table === undefined ? [] : [`table ${table}`]),
    ...(constraint === undefined ? [] : [`constraint ${constraint}`]),
    ...(where === undefined ? [] : [where.split('\n')[0]]),
  ]
  return `${messageOf(error)} (SQLSTATE ${state}; ${place.join('; ')})`
}
