import { request } from './order-client.ts'

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
