import { followSagas, OrderClient } from '@order-saga/operations'
import { waitUntil } from '@order-saga/dev'
import { randomUUID } from 'node:crypto'
import pMap from 'p-map'
import type { Shop } from '../shop.ts'
import type { Step } from '../suite.ts'
import { expect } from './expect.ts'

const orders = 12
const timeoutMs = 60_000

/** Payment is unavailable for longer than the saga timeout: orders are cancelled, and not charged after it recovers. */
export function outageSteps(shop: Shop): readonly Step[] {
  return [
    {
      name: 'outage drill: payment at 0, then back',
      run: async () => {
        const client = new OrderClient(await shop.orderUrl())
        await shop.scale('payment', 0)
        const order = { customerEmail: 'outage@example.com', items: [{ sku: 'OUTAGE', qty: 1 }], amount: 30 }
        const keys = Array.from({ length: orders }, () => randomUUID())
        const accepted = await pMap(keys, (key) => client.place(order, key, timeoutMs), { concurrency: 4 })
        const followed = accepted.map(({ sagaId }) => ({
          sagaId,
          end: { status: 'timeout_cancelled', reason: 'timeout', compensation: 'none' },
        }))
        const states = async (): Promise<string> => {
          const sagas = await followSagas(client, followed, { timeoutMs })
          return [...new Set(sagas.map((saga) => `${saga?.status} ${saga?.compensation}`))].join(', ')
        }
        expect(await states(), 'timeout_cancelled none', 'the orders without payment')
        await shop.scale('payment', 1)
        const ids = accepted.map(({ orderId }) => `'${orderId}'`).join(', ')
        const payments = `SELECT status, count(*) FROM payment_transactions WHERE order_id IN (${ids}) GROUP BY status`
        // Payment now receives the orders and their cancellations; each must leave a tombstone and no charge.
        await waitUntil(async () => (await shop.sql('payment', payments)) === `cancelled|${orders}`, {
          what: `${orders} orders that are never charged`,
          limitMs: timeoutMs,
          intervalMs: 500,
        })
        expect(await states(), 'timeout_cancelled none', 'the orders after the return of payment')
        return `${orders} orders timed out, none charged`
      },
    },
    { name: 'audit after the outage', run: () => shop.audit() },
  ]
}
