import { setTimeout as wait } from 'node:timers/promises'
import { messageOf } from '@order-saga/chassis'
import type { SagaState } from './flows.ts'

export interface NewOrder {
  readonly customerEmail: string
  readonly items: readonly { readonly sku: string; readonly qty: number }[]
  readonly amount: number
}

export interface Accepted {
  readonly orderId: string
  readonly sagaId: string
  readonly status: number
  readonly at: string
  /** Requests it took: more than one when the service was away in between. */
  readonly attempts: number
}

export interface Saga extends SagaState {
  readonly sagaId: string
  readonly orderId: string
  readonly deadline: string
  readonly createdAt: string
  readonly finishedAt: string | null
}

const requestTimeoutMs = 10_000
const retryPauseMs = 200

/** The answers after which the same request is worth repeating; 409 says that the first one is still at work. */
const passing = new Set([409, 429, 500, 502, 503, 504])

/** A client of the order and stock APIs that holds on: it repeats, with the same key, what may have been lost. */
export class OrderClient {
  readonly #orderUrl: string

  constructor(orderUrl: string) {
    this.#orderUrl = orderUrl.replace(/\/$/, '')
  }

  /**
   * Posts the order until it is accepted.
   * @throws Error when it is refused, or not accepted before the limit: one sentence with the last answer
   */
  async place(order: NewOrder, idempotencyKey: string, limitMs: number): Promise<Accepted> {
    const end = performance.now() + limitMs
    for (let attempts = 1; ; attempts += 1) {
      const said = await this.#post(order, idempotencyKey).catch((error: unknown) => ({ trouble: causeOf(error) }))
      if ('accepted' in said) return { ...said.accepted, attempts }
      if (performance.now() > end) throw new Error(`An order was not accepted in ${limitMs / 1000} s: ${said.trouble}`)
      await wait(retryPauseMs)
    }
  }

  /** The saga as it stands; undefined while the service has no answer. */
  async saga(sagaId: string): Promise<Saga | undefined> {
    try {
      const response = await request(`${this.#orderUrl}/sagas/${sagaId}`)
      return response.ok ? ((await response.json()) as Saga) : undefined
    } catch {
      return undefined
    }
  }

  async #post(order: NewOrder, key: string): Promise<{ accepted: Omit<Accepted, 'attempts'> } | { trouble: string }> {
    const response = await request(`${this.#orderUrl}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(order),
    })
    const text = await response.text()
    if (response.ok) {
      const { orderId, sagaId } = JSON.parse(text) as { orderId: string; sagaId: string }
      return { accepted: { orderId, sagaId, status: response.status, at: new Date().toISOString() } }
    }
    const trouble = `${response.status} ${text.slice(0, 300)}`
    if (passing.has(response.status)) return { trouble }
    throw new Refused(`The order API refused an order: ${trouble}`)
  }
}

class Refused extends Error {}

/** Why a request got no answer; what was refused for good is thrown on. */
function causeOf(error: unknown): string {
  if (error instanceof Refused) throw error
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error)
}

function request(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, signal: AbortSignal.timeout(requestTimeoutMs) })
}

export interface StockLevel {
  readonly available: number
  readonly reserved: number
}

/** One article's stock, over the inventory service's API. */
export class StockClient {
  readonly #url: string

  constructor(inventoryUrl: string, sku: string) {
    this.#url = `${inventoryUrl.replace(/\/$/, '')}/stock/${encodeURIComponent(sku)}`
  }

  /** @throws Error unless the stock is set */
  async setAvailable(available: number): Promise<void> {
    const response = await request(this.#url, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ available }),
    })
    if (!response.ok) throw new Error(`The stock API answered ${response.status}: ${await response.text()}`)
  }

  /** @throws Error unless the stock is told */
  async level(): Promise<StockLevel> {
    const response = await request(this.#url)
    if (!response.ok) throw new Error(`The stock API answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as StockLevel
  }
}
