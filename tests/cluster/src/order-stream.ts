import { randomUUID } from 'node:crypto'
import { type Accepted, followSagas, type NewOrder, OrderClient, type Saga } from '@order-saga/operations'

export interface StreamOptions {
  readonly perSecond: number
  /** How long a request is retried before the stream counts its order as refused. */
  readonly timeoutMs: number
}

export interface Streamed {
  readonly sagas: readonly Saga[]
  /** The longest time from an order's first request to its acceptance. */
  readonly longestWaitMs: number
  /** The longest time from an order's acceptance to its final status. */
  readonly longestSagaMs: number
  /** The longest time in which no saga completed. */
  readonly longestSilenceMs: number
}

const order: NewOrder = { customerEmail: 'stream@example.com', items: [{ sku: 'STREAM', qty: 1 }], amount: 20 }

interface Posted {
  readonly accepted: Accepted
  readonly waitedMs: number
}

/** Places orders at a constant rate, independent of responses. Each request is retried until it is accepted. */
export class OrderStream {
  readonly #client: OrderClient
  readonly #options: StreamOptions
  readonly #timer: NodeJS.Timeout
  readonly #posts: Promise<Posted | Error>[] = []

  constructor(orderUrl: string, options: StreamOptions) {
    this.#client = new OrderClient(orderUrl)
    this.#options = options
    this.#timer = setInterval(() => this.#post(), 1000 / options.perSecond)
  }

  get posted(): number {
    return this.#posts.length
  }

  #post(): void {
    const begun = performance.now()
    const posting = this.#client.place(order, `stream-${randomUUID()}`, this.#options.timeoutMs)
    this.#posts.push(
      posting.then(
        (accepted) => ({ accepted, waitedMs: performance.now() - begun }),
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      ),
    )
  }

  /** No more orders from now on. */
  pause(): void {
    clearInterval(this.#timer)
  }

  /**
   * Ends the stream and waits until every order is accepted and every saga is final.
   * @throws Error when an order was not accepted, was lost, or has another final status than `status`
   */
  async finish(status: string): Promise<Streamed> {
    this.pause()
    const posted = await Promise.all(this.#posts)
    const refused = posted.find((result) => result instanceof Error)
    if (refused !== undefined) throw refused
    const accepted = posted.filter((result): result is Posted => !(result instanceof Error))
    const followed = accepted.map(({ accepted: { sagaId } }) => ({ sagaId }))
    const seen = await followSagas(this.#client, followed, { timeoutMs: this.#options.timeoutMs })
    const sagas = seen.filter((saga) => saga !== undefined)
    const strays = seen.filter((saga) => saga?.status !== status)
    if (strays.length > 0) {
      const kinds = [...new Set(strays.map((saga) => saga?.status ?? 'lost'))].join(', ')
      throw new Error(`${strays.length} of ${seen.length} orders are not ${status} but ${kinds}.`)
    }
    const ends = sagas.map((saga) => Date.parse(saga.finishedAt ?? '')).toSorted((a, b) => a - b)
    return {
      sagas,
      longestWaitMs: longest(accepted.map(({ waitedMs }) => waitedMs)),
      longestSagaMs: longest(sagas.map((saga) => Date.parse(saga.finishedAt ?? '') - Date.parse(saga.createdAt))),
      longestSilenceMs: longest(ends.map((end, index) => end - (ends[index - 1] ?? end))),
    }
  }
}

function longest(durations: readonly number[]): number {
  return durations.reduce((most, duration) => Math.max(most, duration), 0)
}
