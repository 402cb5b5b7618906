import { secondaryQueuesOf, type ServiceName, services } from '@order-saga/contracts'
import {
  type Actor,
  actsDone,
  type Database,
  type DeadLetter,
  deadLetterOf,
  type DeadLetterPlace,
  deadLetterQueue,
  DependencyUnavailable,
  discardFound,
  type Found,
  secondaryQueue,
  lookThrough,
  Problem,
  type Publisher,
  readQueues,
  replayFound,
  unavailable,
  unrecordable,
} from '@order-saga/chassis'
import type { DeadLetterOutcome } from './page/answers.ts'

export interface DeadLetterOptions {
  readonly database: Database
  readonly connection: () => Parameters<typeof lookThrough>[0] | undefined
  readonly publisher: Publisher
  readonly queues: Readonly<Record<ServiceName, string>>
  readonly now: () => Date
}

export type Act = 'replay' | 'discard'

/** A dead letter as people name it. */
export interface Named {
  readonly service: ServiceName
  readonly id: string
}

export interface DeadLetterList {
  readonly letters: readonly DeadLetter[]
  /** Services that have too many to be looked through here, with their number. */
  readonly tooMany: readonly { readonly service: ServiceName; readonly count: number }[]
}

/** To look through a queue is to hold all of it; beyond this it is for the saga command. */
const mostLookedThrough = 5_000
const keepMs = 5_000

/** The dead letters of all services, by the same means as those of the saga command. */
export class DeadLetterBox {
  readonly #options: DeadLetterOptions
  readonly #places: readonly DeadLetterPlace[]
  #turn: Promise<unknown> = Promise.resolve()
  #list: { readonly until: number; readonly answer: Promise<DeadLetterList> } | undefined

  constructor(options: DeadLetterOptions) {
    this.#options = options
    this.#places = services.map((service) => {
      const queue = options.queues[service]
      const secondary = secondaryQueuesOf[service].map((name) => secondaryQueue(queue, name))
      return { service, name: deadLetterQueue(queue), queues: [queue, ...secondary] }
    })
  }

  /** What is looked through is held meanwhile, and nobody else sees it: so one thing at a time, counting included. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined)
    return await mine
  }

  /** Not older than some seconds. @throws DependencyUnavailable while the broker is away */
  list(): Promise<DeadLetterList> {
    const at = this.#options.now().getTime()
    if (this.#list === undefined || this.#list.until <= at) {
      const answer = this.inTurn(() => this.#read())
      this.#list = { until: at + keepMs, answer }
      answer.catch(() => (this.#list = undefined))
    }
    return this.#list.answer
  }

  /**
   * Sends dead letters back to the queues they died in, or takes them away for good; each is recorded with who and why.
   * @throws Problem 503 when acts cannot be recorded; DependencyUnavailable
   */
  async act(act: Act, named: readonly Named[], actor: Actor): Promise<DeadLetterOutcome> {
    const { database, publisher, now } = this.#options
    const why = await unrecordable(database)
    if (why !== undefined) throw unavailable(`Acts cannot be recorded: ${why}`)
    const using = <T>(work: (own: Database) => Promise<T>): Promise<T> => work(database)
    const outcome = { done: 0, failed: 0 }
    const taken: string[] = []
    await this.inTurn(async () => {
      for (const place of this.#places) {
        const ids = new Set(named.filter(({ service }) => service === place.service).map(({ id }) => id))
        if (ids.size === 0) continue
        await this.#visit(place, async (found, take) => {
          const meant = found.filter(({ letter }) => ids.has(letter.id))
          if (meant.length === 0) return
          if (act === 'discard') {
            taken.push(...(await discardFound(meant, take, { actor, using })))
            outcome.done += meant.length
            return
          }
          const ends = await replayFound(meant, take, {
            actor,
            using,
            put: async (routingKey, content, options) => {
              const end = await publisher.publish({ exchange: '', routingKey, content, options })
              if (end === 'unroutable') throw new Error(`there is no queue ${routingKey}`)
            },
          })
          outcome.failed += ends.filter(({ failure }) => failure !== undefined).length
          outcome.done += ends.filter(({ failure }) => failure === undefined).length
        })
      }
      await actsDone(database, taken, now())
    })
    this.#list = undefined
    return { ...outcome, missing: Math.max(0, named.length - outcome.done - outcome.failed) }
  }

  async #read(): Promise<DeadLetterList> {
    const letters: DeadLetter[] = []
    const tooMany: { service: ServiceName; count: number }[] = []
    for (const place of this.#places) {
      const count = await this.#depth(place)
      if (count > mostLookedThrough) tooMany.push({ service: place.service, count })
      else if (count > 0)
        await this.#visit(place, async (found) => void letters.push(...found.map((one) => one.letter)))
    }
    return { letters, tooMany }
  }

  async #visit(
    place: DeadLetterPlace,
    visit: (found: readonly Found[], take: (one: Found) => void) => Promise<void>,
  ): Promise<void> {
    const depth = await this.#depth(place)
    if (depth > mostLookedThrough) {
      throw new Problem(409, `${place.name} holds ${depth} messages, too many for the console: use the saga command.`)
    }
    await lookThrough(this.#model(), { queue: place.name, depth }, async (messages, ack) => {
      const found = messages.map((message): Found => ({ message, letter: deadLetterOf(message, place) }))
      await visit(found, ({ message }) => ack(message))
      return 'go on'
    })
  }

  async #depth({ name }: DeadLetterPlace): Promise<number> {
    const [depth] = await readQueues(this.#model(), [name])
    return depth?.messages ?? 0
  }

  #model(): Parameters<typeof lookThrough>[0] {
    const model = this.#options.connection()
    if (model === undefined) throw new DependencyUnavailable('broker', new Error('not connected'))
    return model
  }
}
