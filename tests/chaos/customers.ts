import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { call } from '../support/call.ts'
import { declinedAmount } from '../support/flows.ts'
import { SeededRandom } from '../support/random.ts'
import type { Attempt, OrderRequest, Item } from './history.ts'

export interface CustomersOptions {
  readonly orderUrl: string
  readonly perSecond: number
  readonly seed: number
  /** An article with sufficient stock, and one that sells out. */
  readonly plenty: string
  readonly scarce: string
}

const attemptTimeoutMs = 6_000
/** Exponential backoff between attempts, unless the response has a Retry-After. */
const retryMs = { first: 300, max: 5_000 }
/** Ratios of customers that make a single attempt, and that repeat an accepted request. */
const singleAttemptRatio = 0.05
const repeatRatio = 0.1

/**
 * Simulated customers who place orders at a constant rate, and the log of their requests and responses. They retry a
 * request under its Idempotency-Key until it is accepted; a few stop after the first attempt.
 */
export class Customers {
  readonly orderRequests: OrderRequest[] = []
  readonly #options: CustomersOptions
  readonly #random: SeededRandom
  readonly #timer: NodeJS.Timeout
  readonly #running = new Set<Promise<void>>()
  #abandoned = false

  constructor(options: CustomersOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    this.#timer = setInterval(() => this.#start(), 1_000 / options.perSecond)
  }

  get accepted(): number {
    return this.orderRequests.filter(({ outcome }) => outcome === 'accepted').length
  }

  /** Customers whose request is not completed. */
  get waiting(): number {
    return this.#running.size
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Stops all retries. */
  abandon(): void {
    this.close()
    this.#abandoned = true
  }

  #start(): void {
    const request = this.#createRequest()
    this.orderRequests.push(request)
    const running: Promise<void> = this.#place(request).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  #createRequest(): OrderRequest {
    const { plenty, scarce } = this.#options
    const random = this.#random
    const number = this.orderRequests.length + 1
    const qty = 1 + random.below(3)
    const kind = random.next()
    const items: Item[] = [{ sku: plenty, qty }]
    if (kind < 0.08) items.push({ sku: 'SIM-NONE', qty: 1 })
    else if (kind < 0.25) items.push({ sku: scarce, qty: 1 })
    return {
      customer: `customer-${number}@chaos.example.com`,
      key: randomUUID(),
      items,
      amount: kind > 0.92 ? declinedAmount : Number((1 + random.below(20_000) / 100).toFixed(2)),
      singleAttempt: random.next() < singleAttemptRatio,
      repeatsAccepted: random.next() < repeatRatio,
      attempts: [],
      outcome: 'open',
    }
  }

  async #place(request: OrderRequest): Promise<void> {
    while (!this.#abandoned) {
      const attempt = await this.#post(request)
      request.attempts.push(attempt)
      request.outcome = outcomeOf(attempt, request)
      if (request.outcome !== 'open') break
      await pause(retryDelay(request.attempts.length, attempt))
    }
    if (request.outcome !== 'accepted' || !request.repeatsAccepted) return
    await pause(retryMs.first)
    request.attempts.push(await this.#post(request))
  }

  async #post({ customer, key, items, amount }: OrderRequest): Promise<Attempt> {
    const at = Date.now()
    try {
      const response = await call(`${this.#options.orderUrl}/orders`, {
        method: 'POST',
        body: { customerEmail: customer, items, amount },
        headers: { 'idempotency-key': key },
        limitMs: attemptTimeoutMs,
      })
      const { orderId, sagaId } = response.body as { orderId?: string; sagaId?: string }
      const retryAfter = response.headers['retry-after']
      const attempt = { at, tookMs: Date.now() - at, result: response.status }
      if (orderId !== undefined && sagaId !== undefined) return { ...attempt, orderId, sagaId }
      return typeof retryAfter === 'string' ? { ...attempt, retryAfter } : attempt
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException
      return { at, tookMs: Date.now() - at, result: code ?? name }
    }
  }
}

/** Customers retry after 409, 503 and connection errors. */
function outcomeOf({ result }: Attempt, { singleAttempt }: OrderRequest): OrderRequest['outcome'] {
  if (result === 202) return 'accepted'
  if (typeof result === 'number' && result !== 409 && result !== 503) return 'refused'
  return singleAttempt ? 'abandoned' : 'open'
}

function retryDelay(attempts: number, { retryAfter }: Attempt): number {
  return retryAfter === undefined
    ? Math.min(retryMs.max, retryMs.first * 2 ** (attempts - 1))
    : Number(retryAfter) * 1_000
}
