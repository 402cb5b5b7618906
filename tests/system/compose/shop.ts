import { waitUntil } from '@order-saga/dev'

export interface Accepted {
  readonly status: string
  readonly orderId: string
  readonly sagaId: string
  readonly message: string
}

export interface Saga {
  readonly status: string
  readonly reason: string | null
  readonly compensation: string
  readonly history: readonly { readonly event: string }[]
}

/** The order the README sends, letter for letter. */
export const orderOfReadme = `{
    "customerId": "cust-1001",
    "customerEmail": "user@example.com",
    "items": [{"sku":"SKU-1","qty":2}],
    "amount": 125.50,
    "currency": "USD"
  }`

/** The README's shorter order, of its happy path. */
export const shortOrderOfReadme = '{"customerEmail":"test@example.com","items":[{"sku":"A1","qty":1}],"amount":100}'

const final = ['completed', 'cancelled', 'timeout_cancelled']

/** A client of the order API. */
export class Shop {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Sends an order, once: directly after `docker compose up -d` it must be taken without a second try. */
  async order(body = orderOfReadme): Promise<Accepted> {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(`${this.#url}/orders`, { method: 'POST', headers, body })
    const text = await response.text()
    if (response.status !== 202) throw new Error(`POST /orders was answered with ${response.status}: ${text}`)
    return JSON.parse(text) as Accepted
  }

  async saga(sagaId: string): Promise<Saga> {
    const response = await fetch(`${this.#url}/sagas/${sagaId}`)
    if (response.status !== 200) throw new Error(`GET /sagas/${sagaId} was answered with ${response.status}`)
    return (await response.json()) as Saga
  }

  async finished(sagaId: string, limitMs = 30_000): Promise<Saga> {
    let last: Saga | undefined
    return await waitUntil(
      async () => {
        last = await this.saga(sagaId)
        return final.includes(last.status) ? last : undefined
      },
      { what: `the end of saga ${sagaId}`, limitMs, intervalMs: 100, state: () => last },
    )
  }
}

export function eventsOf(saga: Saga): string[] {
  return saga.history.map(({ event }) => event)
}
