import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { call } from '../support/call.ts'
import { declinedAmount } from '../support/flows.ts'
import { SeededRandom } from '../support/random.ts'
import type { Attempt, Intent, Item } from './history.ts'

export interface CustomersOptions {
  readonly orderUrl: string
  readonly perSecond: number
  readonly seed: number
  /** An article of which there is plenty, and one that runs out. */
  readonly plenty: string
  readonly scarce: string
}

/** One attempt; a customer who hears nothing that long gives the attempt up and knows nothing. */
const answerLimitMs = 6_000
/** Before a repetition: at first, and at the most. The wait doubles, unless the answer says how long it shall be. */
const repeatMs = { first: 300, longest: 5_000 }
/** Parts of all customers: who never repeats a request, and who repeats one that was accepted. */
const impatientShare = 0.05
const againShare = 0.1

/**
 * Customers who place orders at a steady pace, and the log of all they asked for and were answered. After any answer but
 * an acceptance they repeat the request under its Idempotency-Key; a few give up after the first.
 */
export class Customers {
  readonly intents: Intent[] = []
  readonly #options: CustomersOptions
  readonly #random: SeededRandom
  readonly #timer: NodeJS.Timeout
  readonly #running = new Set<Promise<void>>()
  #abandoned = false

  constructor(options: CustomersOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    this.#timer = setInterval(() => this.#place(), 1_000 / options.perSecond)
  }

  get accepted(): number {
    return this.intents.filter(({ outcome }) => outcome === 'accepted').length
  }

  /** Customers who still repeat their request. */
  get waiting(): number {
    return this.#running.size
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Resolves when every customer has an answer or has given up. */
  async done(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Ends the repetitions of those who still wait. */
  abandon(): void {
    this.close()
    this.#abandoned = true
  }

  #place(): void {
    const intent = this.#intend()
    this.intents.push(intent)
    const running: Promise<void> = this.#pursue(intent).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  #intend(): Intent {
    const { plenty, scarce } = this.#options
    const random = this.#random
    const number = this.intents.length + 1
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
      impatient: random.next() < impatientShare,
      repeats: random.next() < againShare,
      attempts: [],
      outcome: 'open',
    }
  }

  async #pursue(intent: Intent): Promise<void> {
    while (!this.#abandoned) {
      const attempt = await this.#post(intent)
      intent.attempts.push(attempt)
      intent.outcome = outcomeOf(attempt, intent)
      if (intent.outcome !== 'open') break
      await pause(waitBefore(intent.attempts.length, attempt))
    }
    if (intent.outcome !== 'accepted' || !intent.repeats) return
    await pause(repeatMs.first)
    intent.attempts.push(await this.#post(intent))
  }

  async #post({ customer, key, items, amount }: Intent): Promise<Attempt> {
    const at = Date.now()
    try {
      const answer = await call(`${this.#options.orderUrl}/orders`, {
        method: 'POST',
        body: { customerEmail: customer, items, amount },
        headers: { 'idempotency-key': key },
        limitMs: answerLimitMs,
      })
      const { orderId, sagaId } = answer.body as { orderId?: string; sagaId?: string }
      const retryAfter = answer.headers['retry-after']
      const attempt = { at, tookMs: Date.now() - at, result: answer.status }
      if (orderId !== undefined && sagaId !== undefined) return { ...attempt, orderId, sagaId }
      return typeof retryAfter === 'string' ? { ...attempt, retryAfter } : attempt
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException
      return { at, tookMs: Date.now() - at, result: code ?? name }
    }
  }
}

/** What is neither an acceptance nor one of the answers that ask for a repetition ends the customer's patience. */
function outcomeOf({ result }: Attempt, { impatient }: Intent): Intent['outcome'] {
  if (result === 202) return 'accepted'
  if (typeof result === 'number' && result !== 409 && result !== 503) return 'refused'
  return impatient ? 'given up' : 'open'
}

function waitBefore(attempts: number, { retryAfter }: Attempt): number {
  return retryAfter === undefined
    ? Math.min(repeatMs.longest, repeatMs.first * 2 ** (attempts - 1))
    : Number(retryAfter) * 1_000
}
