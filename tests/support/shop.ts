import { randomUUID } from 'node:crypto'
import type { Agent } from 'node:http'
import type { ClientAnswer } from '@order-saga/operations'
import type { SagaAnswer } from '../../services/order/src/http/order-answer.ts'
import { type Answer, call } from './call.ts'

export interface WantedOrder {
  readonly customerId?: string
  readonly customerEmail?: string
  readonly items?: readonly { readonly sku: string; readonly qty: number }[]
  readonly amount?: number
  readonly currency?: string
}

export interface PlacedOrder {
  readonly orderId: string
  readonly sagaId: string
}

export interface StockLevel {
  readonly sku: string
  readonly available: number
  readonly reserved: number
}

export interface PostOptions {
  readonly key?: string
  readonly traceparent?: string
  readonly agent?: Agent
}

/** A client of the order API and the stock API that records every response to an order. */
export class Shop {
  /** The responses to clients, for the audit. */
  readonly answers: ClientAnswer[] = []
  /** Of the order API. */
  readonly port: number
  readonly urls: { readonly order: string; readonly inventory: string }

  constructor(ports: { readonly order: number; readonly inventory: number }) {
    this.port = ports.order
    this.urls = { order: `http://127.0.0.1:${ports.order}`, inventory: `http://127.0.0.1:${ports.inventory}` }
  }

  /** Posts an order once and returns the response with any status. */
  async tryPost(wanted: WantedOrder = {}, { key, traceparent, agent }: PostOptions = {}): Promise<Answer> {
    const body = {
      customerEmail: 'buyer@example.com',
      items: [{ sku: 'SKU-1', qty: 1 }],
      amount: 12.5,
      ...wanted,
    }
    const answer = await call(`${this.urls.order}/orders`, {
      method: 'POST',
      body,
      headers: {
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(traceparent !== undefined && { traceparent }),
      },
      ...(agent && { agent }),
    })
    const { orderId, sagaId } = answer.body as Partial<PlacedOrder>
    this.answers.push({ at: new Date().toISOString(), status: answer.status, orderId, sagaId, idempotencyKey: key })
    return answer
  }

  /** @throws Error when the order is not accepted */
  async post(wanted?: WantedOrder, options?: PostOptions): Promise<PlacedOrder> {
    const { status, body } = await this.tryPost(wanted, options)
    if (status !== 202) throw new Error(`an order was answered with ${status}: ${JSON.stringify(body)}`)
    const { orderId, sagaId } = body as PlacedOrder
    return { orderId, sagaId }
  }

  async saga(sagaId: string): Promise<SagaAnswer> {
    const { status, body } = await call(`${this.urls.order}/sagas/${sagaId}`)
    if (status !== 200) throw new Error(`saga ${sagaId} was answered with ${status}: ${JSON.stringify(body)}`)
    return body as SagaAnswer
  }

  async order(orderId: string): Promise<{ readonly status: string }> {
    const { status, body } = await call(`${this.urls.order}/orders/${orderId}`)
    if (status !== 200) throw new Error(`order ${orderId} was answered with ${status}: ${JSON.stringify(body)}`)
    return body as { status: string }
  }

  async putStock(sku: string, available: number): Promise<void> {
    const { status } = await call(`${this.urls.inventory}/stock/${sku}`, { method: 'PUT', body: { available } })
    if (status !== 200) throw new Error(`the stock of ${sku} was answered with ${status}`)
  }

  async stock(sku: string): Promise<StockLevel> {
    return (await call(`${this.urls.inventory}/stock/${sku}`)).body as StockLevel
  }
}

/** A unique article. */
export function someSku(): string {
  return `SKU-${randomUUID().slice(0, 8)}`
}

/** A unique customer; the local part triggers simulated failures. */
export function someCustomer(localPart = 'buyer'): string {
  return `${localPart}@${randomUUID().slice(0, 8)}.example.com`
}

/** A saga's history without ids and times: events consumed (<) and published (>), with the resulting status. */
export function historyOf(saga: SagaAnswer): string[] {
  return saga.history.map(({ direction, event, status, ignored }) => {
    const line = `${direction === 'seen' ? '<' : '>'} ${event}: ${status}`
    return ignored === undefined ? line : `${line} (${ignored})`
  })
}
