import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SagaState } from '../../src/index.ts'

interface Order {
  customerEmail: string
  items: { sku: string; qty: number }[]
}

export interface FakeOrderApi {
  readonly url: string
  /** Number of requests per idempotency key. */
  readonly keys: Map<string, number>
  close(): Promise<void>
}

/** An order API and a stock API whose sagas reach the state of `endOf` at once. Every third new order gets 503 first. */
export async function startFakeOrderApi(endOf: (order: Order) => SagaState): Promise<FakeOrderApi> {
  const keys = new Map<string, number>()
  const sagas = new Map<string, Order>()
  const at = new Date().toISOString()
  let available = 0

  const server = createServer((request, response) => {
    void (async () => {
      const { status, body } = await answer(request)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })()
  })

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const path = request.url ?? ''
    if (path.startsWith('/stock/')) {
      if (request.method === 'PUT') available = ((await bodyOf(request)) as { available: number }).available
      return { status: 200, body: { available, reserved: 0 } }
    }
    if (request.method === 'POST') return accept(request)
    const order = sagas.get(path.split('/').at(-1) ?? '')
    if (order === undefined) return { status: 404, body: {} }
    return { status: 200, body: { ...endOf(order), deadline: at, createdAt: at, finishedAt: at } }
  }

  async function accept(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const key = String(request.headers['idempotency-key'])
    const times = (keys.get(key) ?? 0) + 1
    keys.set(key, times)
    const order = (await bodyOf(request)) as Order
    if (keys.size % 3 === 0 && times === 1) return { status: 503, body: { title: 'unavailable' } }
    const sagaId = randomUUID()
    sagas.set(sagaId, order)
    if (endOf(order).status === 'completed') available -= order.items[0]?.qty ?? 0
    return { status: 202, body: { status: 'accepted', orderId: randomUUID(), sagaId } }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString())
}
