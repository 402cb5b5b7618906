import { Problem } from '@order-saga/chassis'
import type { ServiceName } from '@order-saga/contracts'
import type { DeadLetter } from '../inspect/dead-letters/dead-letter.ts'
import { type DeadLetterGroup, groupOf, groupsOf } from '../inspect/dead-letters/groups.ts'
import { discardDeadLetters, type MoveSources, replayDeadLetters } from '../inspect/dead-letters/move.ts'
import { scanDeadLetters } from '../inspect/dead-letters/scan.ts'
import type { Actor } from '../inspect/operator-acts.ts'
import { queuesOfServices, readQueues } from '../inspect/queues.ts'
import { Cached } from './cached.ts'
import type { DeadLetterOutcome } from './page/answers.ts'

const moves = { replay: replayDeadLetters, discard: discardDeadLetters } as const
export type Move = keyof typeof moves

export type LetterName = Pick<DeadLetter, 'service' | 'id'>

export interface DeadLetterList {
  readonly deadLetters: readonly (DeadLetter & { readonly group: string })[]
  readonly groups: readonly DeadLetterGroup[]
  /** Services with more than `scanLimit`. */
  readonly tooMany: readonly { readonly service: ServiceName; readonly count: number }[]
}

/** A scan keeps all messages of the queue unacknowledged; longer queues require the saga command. */
const scanLimit = 5_000
const keepMs = 5_000

/** The dead letters of all services, one operation at a time: a scan makes its messages unavailable to others. */
export class DeadLetterService {
  readonly #sources: MoveSources
  readonly #list: Cached<DeadLetterList>
  #turn: Promise<unknown> = Promise.resolve()

  constructor(sources: MoveSources) {
    this.#sources = sources
    this.#list = new Cached(
      () => this.inTurn(() => this.#read()),
      keepMs,
      () => sources.now(),
    )
  }

  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined)
    return await mine
  }

  /** At most `keepMs` old. @throws DependencyUnavailable or NotDone */
  list(): Promise<DeadLetterList> {
    return this.#list.get()
  }

  /**
   * Replays or discards dead letters by their names, or those of a group; each recorded with the operator and the reason.
   * @throws Problem 409 when there are too many, DependencyUnavailable or NotDone
   */
  async move(move: Move, chosen: readonly LetterName[] | string, actor: Actor): Promise<DeadLetterOutcome> {
    const moved = await this.inTurn(async () => {
      const counts = await this.#counts()
      const results = []
      for (const { service, count } of counts) {
        if (count === 0) continue
        const ids =
          typeof chosen === 'string' ? undefined : chosen.filter((each) => each.service === service).map(({ id }) => id)
        if (ids?.length === 0) continue
        if (count > scanLimit) {
          throw new Problem(
            409,
            `${service} has ${count} dead letters, too many for the console: use the saga command.`,
          )
        }
        const group = typeof chosen === 'string' ? chosen : undefined
        const scan = { selection: { queue: service, ids, group }, limit: Number.MAX_SAFE_INTEGER }
        results.push(...(await moves[move](this.#sources, scan, actor)))
      }
      return results
    }).finally(() => this.#list.clear())
    const failures = moved.flatMap(({ failure }) => failure ?? [])
    const named = typeof chosen === 'string' ? moved.length : chosen.length
    return {
      done: moved.length - failures.length,
      failed: failures.length,
      missing: Math.max(0, named - moved.length),
      ...(failures.length === 0 ? {} : { failures: [...new Set(failures)] }),
    }
  }

  async #read(): Promise<DeadLetterList> {
    const deadLetters: DeadLetter[] = []
    const counts = await this.#counts()
    for (const { service, count } of counts) {
      if (count === 0 || count > scanLimit) continue
      await scanDeadLetters(this.#sources, { selection: { queue: service }, limit: scanLimit }, async (found) => {
        deadLetters.push(...found.map(({ letter }) => letter))
      })
    }
    const grouped = deadLetters.map((letter) => ({ ...letter, group: groupOf(letter) }))
    return {
      deadLetters: grouped,
      groups: groupsOf(deadLetters),
      tooMany: counts.filter(({ count }) => count > scanLimit),
    }
  }

  async #counts(): Promise<{ service: ServiceName; count: number }[]> {
    const services = queuesOfServices(this.#sources.queues)
    const depths = await readQueues(
      await this.#sources.broker(),
      services.map(({ deadLetters }) => deadLetters),
    )
    return services.map(({ service }, i) => ({ service, count: depths[i]?.messages ?? 0 }))
  }
}
