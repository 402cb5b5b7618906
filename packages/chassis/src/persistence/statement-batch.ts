import { library as pg, type QueryConfig, types } from './pg.ts'
import { UnconfirmedCommit } from './sql-errors.ts'

/** The response to a statement. */
export interface Answer {
  readonly rows: object[]
  /** As PostgreSQL names what it has done: `SELECT`, `INSERT`, `COMMIT`. */
  readonly command: string
}

/** The connection that pg gives to the `submit` of a query; not among its types. */
export interface Wire {
  on(event: 'notice', listener: (notice: Notice) => void): void
  off(event: 'notice', listener: (notice: Notice) => void): void
  readonly stream: { cork(): void; uncork(): void; destroy(error: Error): void }
  readonly parsedStatements: Record<string, string>
  parse(message: { name: string; text: string }): void
  bind(message: { statement: string; values: readonly unknown[] }): void
  describe(message: { type: 'P'; name: string }): void
  execute(message: object): void
  sync(): void
}

interface Notice {
  readonly code: string | undefined
  readonly message: string | undefined
}

interface Pending {
  readonly name: string
  readonly text: string
  /** In the form in which they go over the wire. */
  readonly values: readonly unknown[]
  readonly wantsRows: boolean
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** Exported by pg, and not among its types. */
export const libraryParts = pg as {
  readonly Result: new (
    mode: undefined,
    types: unknown,
  ) => {
    command: string | null
    rows: object[]
    addFields(fields: unknown): void
    parseRow(fields: unknown): object
    addCommandComplete(message: unknown): void
  }
  readonly utils: { readonly prepareValue: (value: unknown) => unknown }
}
const { Result, utils } = libraryParts

/**
 * Statements that go to the server together and are answered together: one write here, one write there. pg's own pipeline
 * ends each statement with a Sync, at which the server answers at once, so that a transaction of eight statements is
 * eight packets and eight wake-ups in each direction. Here one Sync ends all of them. Every statement is a prepared one.
 * If one fails, those behind it are not carried out and fail with the same error. If the server sends a WARNING with a
 * commit, all of them fail with `UnconfirmedCommit`.
 */
export class StatementBatch {
  readonly #pending: Pending[] = []
  readonly #limitMs: number
  readonly #answers: Answer[] = []
  #timer: NodeJS.Timeout | undefined
  #wire: Wire | undefined
  #unconfirmed: UnconfirmedCommit | undefined
  readonly #onNotice = (notice: Notice): void => this.#note(notice)
  #result = new Result(undefined, types)

  /** @param limitMs time limit of the server's response, after which the connection is discarded */
  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /**
   * Adds a statement; its answer comes once the batch was sent, with those of all others. Its rows are read only
   * with `wantsRows`: the server need not describe it otherwise.
   * @throws Error at once for a value that has no form in SQL
   */
  add(
    { name, text }: { readonly name: string; readonly text: string },
    values: readonly unknown[],
    wantsRows: boolean,
  ): Promise<Answer> {
    const prepared = values.map((value) => utils.prepareValue(value))
    return new Promise((resolve, reject) => {
      this.#pending.push({ name, text, values: prepared, wantsRows, resolve, reject })
    })
  }

  /** Puts a statement in front of all others. */
  beginWith({ name, text }: { readonly name: string; readonly text: string }): void {
    const ignore = (): void => undefined
    this.#pending.unshift({ name, text, values: [], wantsRows: false, resolve: ignore, reject: ignore })
  }

  /**
   * Lets something else than a connection carry the statements out, one after the other.
   * @param inTransaction whether one is open; otherwise the statements are one, as between two Syncs
   */
  async carryOut(query: (sql: QueryConfig) => Promise<Answer>, inTransaction: boolean): Promise<void> {
    const isImplicit = !inTransaction && this.#pending.length > 1 && this.#pending[0]?.text !== 'BEGIN'
    try {
      if (isImplicit) await query({ text: 'BEGIN' })
      for (const { name, text, values } of this.#pending) {
        this.#answers.push(await query({ name, text, values: [...values] }))
      }
      if (isImplicit) await query({ text: 'COMMIT' })
      this.handleReadyForQuery()
    } catch (error) {
      if (isImplicit) await query({ text: 'ROLLBACK' }).catch(() => undefined)
      this.handleError(error)
    }
  }

  // The methods below are called by pg, with the messages of the server in their order.

  get #current(): Pending | undefined {
    return this.#pending[this.#answers.length]
  }

  /** pg notes it as prepared when the server says so. */
  get name(): string | undefined {
    return this.#current?.name
  }

  get text(): string | undefined {
    return this.#current?.text
  }

  submit(wire: Wire): undefined {
    this.#wire = wire
    wire.on('notice', this.#onNotice)
    const parsed = new Set<string>()
    wire.stream.cork()
    for (const { name, text, values, wantsRows } of this.#pending) {
      if (wire.parsedStatements[name] === undefined && !parsed.has(name)) wire.parse({ name, text })
      parsed.add(name)
      wire.bind({ statement: name, values })
      if (wantsRows) wire.describe({ type: 'P', name: '' })
      wire.execute({})
    }
    wire.sync()
    wire.stream.uncork()
    this.#timer = setTimeout(() => wire.stream.destroy(new Error('Query read timeout')), this.#limitMs)
  }

  handleRowDescription({ fields }: { readonly fields: unknown }): void {
    this.#result.addFields(fields)
  }

  handleDataRow({ fields }: { readonly fields: unknown }): void {
    if (this.#current?.wantsRows === true) this.#result.rows.push(this.#result.parseRow(fields))
  }

  handleCommandComplete(message: unknown): void {
    this.#result.addCommandComplete(message)
    this.#answers.push({ rows: this.#result.rows, command: this.#result.command ?? '' })
    this.#result = new Result(undefined, types)
  }

  handleReadyForQuery(): void {
    if (this.#unconfirmed !== undefined) return this.handleError(this.#unconfirmed)
    this.#end()
    for (const [i, { resolve }] of this.#pending.entries()) resolve(this.#answers[i] as Answer)
  }

  /** Nothing of a batch is known to hold when one of its statements has failed; so all of them fail. */
  handleError(error: unknown): void {
    this.#end()
    // The server reports no name.
    if (error instanceof Error && this.name !== undefined) Object.assign(error, { statement: this.name })
    for (const { reject } of this.#pending) reject(error)
  }

  #end(): void {
    clearTimeout(this.#timer)
    this.#wire?.off('notice', this.#onNotice)
  }

  /**
   * A WARNING while the transaction commits: with COMMIT, or with the Sync behind the last statement. It is known by its
   * SQLSTATE, which of a NOTICE is 00000: pg passes on only the severity that is translated by `lc_messages`.
   */
  #note({ code, message }: Notice): void {
    const isCommitting = this.#current === undefined || this.#current.text === 'COMMIT'
    if (isCommitting && code !== successfulCompletion) this.#unconfirmed ??= new UnconfirmedCommit(code, message)
  }
}

/** PostgreSQL manual, appendix A. */
const successfulCompletion = '00000'
