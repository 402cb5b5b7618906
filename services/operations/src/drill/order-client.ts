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
  /** More than 1 if the service was unavailable. */
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

/** Status codes after which the request is retried; 409: the first request with the key is still being processed. */
const transient = new Set([409, 429, 500, 502, 503, 504])

/** A client of the order API that retries a request with the same idempotency key. */
export class OrderClient {
  readonly #orderUrl: string
  readonly #headers: Readonly<Record<string, string>>

  /** @param token an access token; without one the requests have no header Authorization */
  constructor(orderUrl: string, token = '') {
    this.#orderUrl = orderUrl.replace(/\/$/, '')
    this.#headers = authorization(token)
  }

  /**
   * Posts the order until it is accepted.
   * @throws Error when it is rejected, or not accepted within the limit; the message contains the last response
   */
  async place(order: NewOrder, idempotencyKey: string, limitMs: number): Promise<Accepted> {
    const end = performance.now() + limitMs
    for (let attempts = 1; ; attempts += 1) {
      const result = await this.#post(order, idempotencyKey).catch((error: unknown) => ({ failure: causeOf(error) }))
      if ('accepted' in result) return { ...result.accepted, attempts }
      if (performance.now() > end)
        throw new Error(`An order was not accepted in ${limitMs / 1000} s: ${result.failure}`)
      await wait(retryPauseMs)
    }
  }

  /** The current saga; undefined if the service does not return it. */
  async saga(sagaId: string): Promise<Saga | undefined> {
    try {
      const response = await request(`${this.#orderUrl}/sagas/${sagaId}`, { headers: this.#headers })
      return response.ok ? ((await response.json()) as Saga) : undefined
    } catch {
      return undefined
    }
  }

  async #post(order: NewOrder, key: string): Promise<{ accepted: Omit<Accepted, 'attempts'> } | { failure: string }> {
    const response = await request(`${this.#orderUrl}/orders`, {
      method: 'POST',
      headers: { ...this.#headers, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(order),
    })
    const text = await response.text()
    if (response.ok) {
      const { orderId, sagaId } = JSON.parse(text) as { orderId: string; sagaId: string }
      return { accepted: { orderId, sagaId, status: response.status, at: new Date().toISOString() } }
    }
    const failure = `${response.status} ${text.slice(0, 300)}`
    if (transient.has(response.status)) return { failure }
    throw new OrderRejected(`The order API rejected an order: ${failure}`)
  }
}

class OrderRejected extends Error {}

/** The reason of a failed request. @throws OrderRejected */
function causeOf(error: unknown): string {
  if (error instanceof OrderRejected) throw error
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error)
}

function authorization(token: string): Record<string, string> {
  return token === '' ? {} : { authorization: `Bearer ${token}` }
}

function request(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, { ...init, signal: AbortSignal.timeout(requestTimeoutMs) })
}

export interface StockLevel {
  readonly available: number
  readonly reserved: number
}

export class StockClient {
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(inventoryUrl: string, sku: string, token = '') {
    this.#headers = authorization(token)
    this.#url = `${inventoryUrl.replace(/\/$/, '')}/stock/${encodeURIComponent(sku)}`
  }

  /** @throws Error unless the response is 2xx */
  async setAvailable(available: number): Promise<void> {
    const response = await request(this.#url, {
      method: 'PUT',
      headers: { ...this.#headers, 'content-type': 'application/json' },
      body: JSON.stringify({ available }),
    })
    if (!response.ok) throw new Error(`The stock API answered ${response.status}: ${await response.text()}`)
  }

  /** @throws Error unless the response is 2xx */
  async level(): Promise<StockLevel> {
    const response = await request(this.#url, { headers: this.#headers })
    if (!response.ok) throw new Error(`The stock API answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as StockLevel
  }
}
