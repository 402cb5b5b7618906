import { type Database, statement, unavailable } from '@order-saga/chassis'

export interface AdmissionOptions {
  /** The limit of open orders, over all processes. */
  readonly maxOpenOrders: number
  /** The limit of requests in progress in this process. */
  readonly maxInProgress?: number
}

/** The number of requests that one process commits in about a second: a request behind more than that would reach its deadline first. */
const defaultMaxInProgress = 1_000
/** By then a part of the backlog is processed. */
const retryAfterSeconds = 5

// Counts no further than the limit, so that its cost does not depend on the backlog.
const countOpen = statement(
  'admission-count',
  `SELECT count(*) AS count FROM
     (SELECT FROM saga_instances WHERE status IN ('pending', 'payment_completed', 'refunding') LIMIT $1) AS open`,
)

/**
 * Refuses orders while more are open than the system finishes before their deadline: a further order would be accepted
 * only to be cancelled (docs/decisions/0007). Open orders are counted periodically, and those accepted since are added; so
 * several processes exceed the limit by what the others accept between two counts.
 */
export class Admission {
  readonly #maxOpenOrders: number
  readonly #maxInProgress: number
  #counted = 0
  #acceptedSince = 0
  #inProgress = 0

  constructor({ maxOpenOrders, maxInProgress = defaultMaxInProgress }: AdmissionOptions) {
    this.#maxOpenOrders = maxOpenOrders
    this.#maxInProgress = maxInProgress
  }

  /** Counts the open orders. To be called about once a second. */
  async measure(database: Database): Promise<void> {
    const acceptedBefore = this.#acceptedSince
    const [row] = await database.query<{ count: number }>(countOpen, [this.#maxOpenOrders])
    this.#counted = row?.count ?? 0
    // Orders accepted during the query may be among the counted ones or not.
    this.#acceptedSince -= acceptedBefore
  }

  get isAccepting(): boolean {
    return this.#inProgress > 0
  }

  /** Adds new orders to the last count. */
  add(accepted: number): void {
    this.#acceptedSince += accepted
  }

  /**
   * Runs the acceptance of one order.
   * @throws Problem 503 with Retry-After at a limit: `accept` was not called
   */
  async run<T>(accept: () => Promise<T>): Promise<T> {
    if (this.#counted + this.#acceptedSince + this.#inProgress >= this.#maxOpenOrders) {
      throw unavailable('Too many orders are in progress, try again.', retryAfterSeconds)
    }
    if (this.#inProgress >= this.#maxInProgress) {
      throw unavailable('Too many orders are being accepted at once, try again.', retryAfterSeconds)
    }
    this.#inProgress += 1
    try {
      return await accept()
    } finally {
      this.#inProgress -= 1
    }
  }
}
