import { type Database, statement, unavailable } from '@order-saga/chassis'
import type { AcceptOrder } from './store/accept-orders.ts'

export interface AdmissionOptions {
  /** Orders under way at once at most, counted over all processes. */
  readonly maxOpenOrders: number
  /** Requests that one process works on at once at most; 1000 unless told otherwise. */
  readonly maxRunning?: number
}

/** What a process commits in about a second: a request that finds more before it would wait in vain for its answer. */
const defaultMaxRunning = 1_000
/** Until then a part of the backlog is worked off. */
const retryAfterSeconds = 5

// Counts no further than it matters, so that it costs the same however long the backlog.
const countOpen = statement(
  'admission-count',
  `SELECT count(*) AS count FROM
     (SELECT FROM saga_instances WHERE status IN ('pending', 'payment_completed', 'refunding') LIMIT $1) AS open`,
)

/**
 * Turns orders away while more are under way than the system works off before their deadline: an order that is accepted
 * then would only wait to be cancelled. Open orders are counted now and then, and those accepted since are added; so with
 * several processes the limit is exceeded by what the others accept between two counts.
 */
export class Admission {
  readonly #maxOpenOrders: number
  readonly #maxRunning: number
  #counted = 0
  #acceptedSince = 0
  #running = 0

  constructor({ maxOpenOrders, maxRunning = defaultMaxRunning }: AdmissionOptions) {
    this.#maxOpenOrders = maxOpenOrders
    this.#maxRunning = maxRunning
  }

  /** Counts the open orders anew. To be called about once a second. */
  async measure(database: Database): Promise<void> {
    const acceptedBefore = this.#acceptedSince
    const [row] = await database.query<{ count: number }>(countOpen, [this.#maxOpenOrders])
    this.#counted = row?.count ?? 0
    // Those accepted while it was counted may be among the counted or not.
    this.#acceptedSince -= acceptedBefore
  }

  /** The same function, behind the gate. What it throws then is a 503 with Retry-After: nothing was done. */
  guard(accept: AcceptOrder): AcceptOrder {
    return async (order, more) => {
      this.#admit()
      this.#running += 1
      try {
        const outcome = await accept(order, more)
        if (outcome.kind === 'accepted' && !outcome.replayed) this.#acceptedSince += 1
        return outcome
      } finally {
        this.#running -= 1
      }
    }
  }

  #admit(): void {
    if (this.#counted + this.#acceptedSince + this.#running >= this.#maxOpenOrders) {
      throw unavailable('Too many orders are under way, try again.', retryAfterSeconds)
    }
    if (this.#running >= this.#maxRunning) {
      throw unavailable('Too many orders are being accepted at once, try again.', retryAfterSeconds)
    }
  }
}
