import { EventEmitter } from 'node:events'
import { Client, type Pool, type QueryConfig, type QueryResult } from 'pg'
import type { StatementBatch } from '../../packages/chassis/src/persistence/statement-batch.ts'
import type { Chance } from './chance.ts'
import type { Happening } from './simulated-broker.ts'
import { type Owner, quiet, realTimeout, within } from './virtual-time.ts'

/** How long a statement may run before the simulation checks whether it waits for a lock. */
const lockCheckDelayMs = 20

interface Waiting {
  readonly sql: QueryConfig
  readonly resolve: (result: QueryResult) => void
  readonly reject: (error: unknown) => void
}

/** Replaces statements before they are sent, to inject a defect. @returns the statement to send */
export type StatementRewriter = (sql: QueryConfig, besides: Client) => Promise<QueryConfig>

/**
 * A real database whose statements wait until it is their connection's turn. One statement runs at a time, so that a run
 * can be repeated; one that waits for a lock stays where it is, and the others go on.
 */
export class SimulatedDatabase {
  readonly #url: string
  readonly #chance: Chance
  readonly #rewrite: StatementRewriter
  readonly #admin: Client
  readonly #idle: Client[]
  readonly #sessions = new Set<Session>()
  readonly #pending = new Set<Promise<unknown>>()

  constructor(url: string, admin: Client, idle: Client[], chance: Chance, rewrite: StatementRewriter) {
    this.#url = url
    this.#admin = admin
    this.#idle = idle
    this.#chance = chance
    this.#rewrite = rewrite
  }

  poolOf(owner: Owner, size: number): Pool {
    return new SimulatedPool(this, owner, size) as unknown as Pool
  }

  *happenings(isFrozen: (owner: Owner) => boolean): Generator<Happening> {
    for (const session of this.#sessions)
      if (session.canGoOn && !isFrozen(session.owner)) yield () => this.#step(session)
  }

  /** Whether statements were in flight outside the scheduled steps; resolves when there are none. */
  async settled(): Promise<boolean> {
    const wasPending = this.#pending.size > 0
    while (this.#pending.size > 0) await Promise.all(this.#pending)
    return wasPending
  }

  /** Work with the server that goes on beside the steps. */
  track<T>(work: Promise<T>): Promise<T> {
    const pending = work.finally(() => this.#pending.delete(pending))
    this.#pending.add(pending)
    return work
  }

  async open(owner: Owner): Promise<Session> {
    let client = this.#idle.pop()
    if (client === undefined) {
      client = new Client({ connectionString: this.#url, application_name: 'simulation' })
      client.on('error', () => undefined)
      await client.connect()
    }
    const session = new Session(client, owner)
    this.#sessions.add(session)
    return session
  }

  /** Ends a session and rolls back its transaction. */
  async end(session: Session): Promise<void> {
    if (!this.#sessions.delete(session)) return
    const { client } = session
    if (session.blocked !== undefined) {
      await this.#admin.query('SELECT pg_cancel_backend($1)', [(client as unknown as { processID: number }).processID])
      await session.blocked
    }
    if (client.getTransactionStatus() !== 'I') await client.query('ROLLBACK')
    this.#idle.push(client)
    await this.#wakeBlocked()
  }

  /** Ends all sessions of a killed process. */
  async drop(owner: Owner): Promise<void> {
    for (const session of this.#sessions) if (session.owner === owner) await this.end(session)
  }

  async #step(session: Session): Promise<void> {
    const next = session.waiting.shift()
    if (next === undefined) return
    const { name = next.sql.text } = next.sql
    const where = `${session.owner.name} at ${name}`
    if (this.#chance.fault('database', 0.003, () => `${where}, not carried out`)) return await this.#lose(session, next)
    const answer = this.#run(session, next.sql)
    const settled = await this.#settledOrBlocked(session, answer)
    if (settled === undefined) {
      session.blocked = answer.then((end) => this.#answer(session, next, end))
      return
    }
    if (this.#chance.fault('database', 0.003, () => `${where}, carried out`)) return await this.#lose(session, next)
    await this.#answer(session, next, settled)
  }

  async #run(session: Session, sql: QueryConfig): Promise<Ended> {
    try {
      return { result: await session.client.query(await this.#rewrite(sql, this.#admin)) }
    } catch (error) {
      return { error }
    }
  }

  async #answer(session: Session, { resolve, reject, sql }: Waiting, ended: Ended): Promise<void> {
    session.blocked = undefined
    within(session.owner, () => ('error' in ended ? reject(ended.error) : resolve(ended.result)))
    if (/^(COMMIT|ROLLBACK)/.test(sql.text) || session.client.getTransactionStatus() === 'I') await this.#wakeBlocked()
  }

  /** Locks were released: resolves the statements that acquired one. */
  async #wakeBlocked(): Promise<void> {
    for (const session of this.#sessions) {
      if (session.blocked !== undefined) await this.#settledOrBlocked(session, session.blocked)
    }
  }

  /** @returns undefined when the statement waits for a lock that another session holds */
  async #settledOrBlocked<T>(session: Session, answer: Promise<T>): Promise<T | undefined> {
    const late = Symbol()
    for (;;) {
      const first = await Promise.race([answer, realTimeout(lockCheckDelayMs).then(() => late)])
      if (first !== late) return first as T
      const { processID } = session.client as unknown as { processID: number }
      const { rows } = await this.#admin.query<{ blockers: number }>(
        'SELECT cardinality(pg_blocking_pids($1)) AS blockers',
        [processID],
      )
      if ((rows[0]?.blockers ?? 0) > 0) return undefined
    }
  }

  async #lose(session: Session, next: Waiting): Promise<void> {
    const lost = [next, ...session.waiting.splice(0)]
    await this.end(session)
    session.isLost = true
    within(session.owner, () => {
      const error = new Error('Connection terminated unexpectedly')
      for (const { reject } of lost) reject(error)
    })
    await quiet()
  }
}

type Ended = { readonly result: QueryResult } | { readonly error: unknown }

/** One connection of one process. */
export class Session {
  readonly client: Client
  readonly owner: Owner
  readonly waiting: Waiting[] = []
  /** The answer of a statement that waits for a lock. */
  blocked: Promise<unknown> | undefined
  isLost = false

  constructor(client: Client, owner: Owner) {
    this.client = client
    this.owner = owner
  }

  get canGoOn(): boolean {
    return this.waiting.length > 0 && this.blocked === undefined
  }
}

/** As much of pg's pool as the services use. */
class SimulatedPool extends EventEmitter {
  readonly #database: SimulatedDatabase
  readonly #owner: Owner
  readonly #size: number
  readonly #free: Session[] = []
  readonly #waiting: ((session: Session) => void)[] = []
  totalCount = 0

  constructor(database: SimulatedDatabase, owner: Owner, size: number) {
    super()
    this.#database = database
    this.#owner = owner
    this.#size = size
  }

  get idleCount(): number {
    return this.#free.length
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  async connect(): Promise<object> {
    return this.#clientOf(await this.#take())
  }

  async end(): Promise<void> {
    await this.#database.drop(this.#owner)
  }

  async #take(): Promise<Session> {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.totalCount === this.#size) return await new Promise((resolve) => this.#waiting.push(resolve))
    this.totalCount += 1
    return await this.#database.track(this.#database.open(this.#owner))
  }

  #clientOf(session: Session): object {
    const query = (sql: QueryConfig): Promise<QueryResult> =>
      new Promise<QueryResult>((resolve, reject) => {
        if (session.isLost) reject(new Error('Client has encountered a connection error and is not queryable'))
        else session.waiting.push({ sql, resolve, reject })
      })
    return {
      // Statement by statement, so that others come between them.
      query: (batch: StatementBatch) => void batch.carryOut(query, session.client.getTransactionStatus() !== 'I'),
      getTransactionStatus: () => session.client.getTransactionStatus(),
      release: (destroy: boolean) => this.#release(session, destroy),
    }
  }

  #release(session: Session, destroy: boolean): void {
    if (!destroy && !session.isLost) {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free.push(session)
      else next(session)
      return
    }
    this.totalCount -= 1
    const next = this.#waiting.shift()
    const replace = async (): Promise<void> => {
      await this.#database.end(session)
      if (next === undefined) return
      this.totalCount += 1
      next(await this.#database.open(this.#owner))
    }
    void this.#database.track(replace())
  }
}
