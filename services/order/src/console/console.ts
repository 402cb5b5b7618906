import { secondaryQueuesOf, type ServiceName, services } from '@order-saga/contracts'
import {
  type Broker,
  type Database,
  type DeadLetter,
  deadLetterQueue,
  secondaryQueue,
  type Log,
  RequestDeadline,
  type Publisher,
  readQueues,
  retryQueue,
} from '@order-saga/chassis'
import type { Access } from './access.ts'
import { DeadLetterBox } from './dead-letters.ts'
import { Live } from './live.ts'
import { askOutbox, type OtherServices } from './other-services.ts'
import type { OutboxLine, Overview, QueueLine } from './page/answers.ts'
import { readSagasAtAGlance } from './read-overview.ts'

export interface ConsoleOptions extends Access {
  readonly database: Database
  readonly broker: Broker
  readonly others: OtherServices
  /** Each service's queue. */
  readonly queues: Readonly<Record<ServiceName, string>>
  readonly retryDelaysMs: readonly number[]
  readonly publisher: Publisher
  readonly newId: () => string
  readonly log: Log
  readonly now: () => Date
}

/** Queues and the other services' outboxes move the broker and the services, so they are asked less often. */
const glanceMs = 3_000

/** What the console shows, read from this service's database, the broker, and the operations ports of the others. */
export class Console {
  readonly options: ConsoleOptions
  readonly live: Live
  readonly deadLetters: DeadLetterBox
  readonly patience = new RequestDeadline('database')
  #glance: { readonly until: number; readonly parts: Promise<Pick<Overview, 'outboxes' | 'queues'>> } | undefined

  constructor(options: ConsoleOptions) {
    this.options = options
    this.deadLetters = new DeadLetterBox({ ...options, connection: () => options.broker.connection })
    this.live = new Live({ read: () => this.overview(), log: options.log })
  }

  /** @throws DependencyUnavailable while the database is away */
  async overview(): Promise<Overview> {
    const { database, now, mode } = this.options
    const [{ outbox, ...sagas }, { outboxes, queues }] = await Promise.all([
      this.patience.run(() => readSagasAtAGlance(database, now())),
      this.#others(),
    ])
    return { mode, ...sagas, outboxes: [outbox, ...outboxes], queues }
  }

  /** Dead letters of one saga, as far as there are any and they can be read. */
  async deadLettersOf(sagaId: string): Promise<readonly DeadLetter[]> {
    const { queues } = await this.#others()
    if (!(queues ?? []).some(({ deadLetters }) => (deadLetters ?? 0) > 0)) return []
    const { letters } = await this.deadLetters.list().catch(() => ({ letters: [] }))
    return letters.filter((letter) => letter.sagaId === sagaId)
  }

  #others(): Promise<Pick<Overview, 'outboxes' | 'queues'>> {
    const at = this.options.now().getTime()
    if (this.#glance === undefined || this.#glance.until <= at) {
      const { payment, inventory } = this.options.others
      const parts = Promise.all([
        Promise.all<OutboxLine>([askOutbox('payment', payment), askOutbox('inventory', inventory)]),
        this.#queues(),
      ]).then(([outboxes, queues]) => ({ outboxes, queues }))
      this.#glance = { until: at + glanceMs, parts }
    }
    return this.#glance.parts
  }

  async #queues(): Promise<QueueLine[] | null> {
    const { broker, queues, retryDelaysMs } = this.options
    if (broker.connection === undefined) return null
    const lines = services.flatMap((service) => {
      const queue = queues[service]
      const own = {
        queue,
        retries: retryDelaysMs.map((delay) => retryQueue(queue, delay)),
        dead: deadLetterQueue(queue),
      }
      return [
        own,
        ...secondaryQueuesOf[service].map((name) => ({
          queue: secondaryQueue(queue, name),
          retries: [],
          dead: undefined,
        })),
      ]
    })
    const names = lines.flatMap(({ queue, retries, dead = [] }) => [queue, ...retries].concat(dead))
    try {
      const { connection } = broker
      const read = await this.deadLetters.inTurn(() => readQueues(connection, names))
      const depths = new Map(read.map((depth) => [depth.queue, depth]))
      const messagesIn = (queue: string): number | null => depths.get(queue)?.messages ?? null
      return lines.map(({ queue, retries, dead }) => ({
        queue,
        messages: messagesIn(queue),
        consumers: depths.get(queue)?.consumers ?? null,
        retrying: dead === undefined ? null : retries.reduce((sum, retry) => sum + (messagesIn(retry) ?? 0), 0),
        deadLetters: dead === undefined ? null : messagesIn(dead),
      }))
    } catch {
      // The connection has just been lost; its owner reports it.
      return null
    }
  }
}
