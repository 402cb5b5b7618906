import { audit } from '@order-saga/operations'
import type { Customers } from './customers.ts'
import type { Server } from './server.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import type { SimulatedProvider } from './simulated-provider.ts'

export interface Scene {
  readonly server: Server
  readonly broker: SimulatedBroker
  readonly provider: SimulatedProvider
  readonly customers: Customers
  readonly now: Date
  readonly atRest: boolean
}

export interface Verdict {
  readonly broken: readonly string[]
  readonly ends: ReadonlyMap<string, number>
}

interface Saga {
  readonly orderId: string
  readonly status: string
  readonly reason: string | null
}

/** Evaluates a finished run: the audit, the queues, and the result of each order. */
export async function evaluate({ server, broker, provider, customers, now, atRest }: Scene): Promise<Verdict> {
  const broken: string[] = atRest ? [] : ['the system does not come to rest']
  const report = await audit(
    {
      order: { url: server.urls.order },
      payment: { url: server.urls.payment },
      inventory: { url: server.urls.inventory },
      clientAnswers: customers.answers,
      gateway: provider,
    },
    // Nothing is in flight any more.
    { settleMs: 0, toleranceMs: 1_000, now: () => now, pause: async () => undefined },
  )
  for (const { check, kinds } of report.checks) {
    for (const { kind, count, ids } of kinds) broken.push(`${check}: ${kind} (${count}) ${ids.slice(0, 3).join(' ')}`)
  }
  for (const { topic, about, count, ids } of report.information) {
    if (topic === 'protocol_violations') broken.push(`${about} (${count}) ${ids.slice(0, 3).join(' ')}`)
  }
  for (const [queue, messages] of broker.depths) broken.push(`${messages} messages are left in ${queue}`)
  const sagas = await server.sql<Saga>('order', 'SELECT order_id AS "orderId", status, reason FROM saga_instances')
  const ends = new Map<string, number>()
  for (const { status, reason } of sagas) {
    const end = reason === null ? status : `${status}, ${reason}`
    ends.set(end, (ends.get(end) ?? 0) + 1)
  }
  const sagaOf = new Map(sagas.map((saga) => [saga.orderId, saga]))
  for (const { wish, key, answers } of customers.placed) {
    const orderIds = [...new Set(answers.map(({ orderId }) => orderId))]
    if (orderIds.length !== 1) broken.push(`${key} became ${orderIds.length} orders`)
    const impossible = wish.customerEmail.startsWith('decline@') || wish.items.some(({ sku }) => sku === 'SIM-NONE')
    const status = sagaOf.get(orderIds[0] ?? '')?.status
    if (impossible && status === 'completed') broken.push(`${key} is confirmed and could not be`)
  }
  return { broken, ends }
}
