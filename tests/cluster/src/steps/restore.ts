import { randomUUID } from 'node:crypto'
import pMap from 'p-map'
import { followSagas, OrderClient } from '@order-saga/operations'
import type { Service, Shop, Store } from '../shop.ts'
import type { Step } from '../suite.ts'
import { expect } from './expect.ts'

const services: readonly Service[] = ['order', 'payment', 'inventory', 'notification']
const stores: readonly Store[] = ['order', 'payment', 'inventory']
const ordersBefore = 30
const ordersAfter = 10
const timeoutMs = 90_000

/**
 * The queues are purged, so events that were published shortly before the backup may not have been consumed. They are
 * published again; the inbox of a service that has consumed one recognises its id.
 */
export const publishAgain = `UPDATE public.events SET published_at = NULL
  WHERE published_at > (SELECT max(published_at) FROM public.events) - interval '5 minutes'`

/** As docs/kubernetes.md has it under "Back-up and restore". */
export function restoreSteps(shop: Shop): readonly Step[] {
  const stopServices = (): Promise<unknown> => Promise.all(services.map((service) => shop.scale(service, 0)))
  const startServices = (): Promise<unknown> => Promise.all(services.map((service) => shop.scale(service, 1)))
  const place = async (count: number): Promise<readonly { readonly sagaId: string }[]> => {
    const client = new OrderClient(await shop.orderUrl())
    const order = { customerEmail: 'kept@example.com', items: [{ sku: 'KEPT', qty: 1 }], amount: 40 }
    const keys = Array.from({ length: count }, () => randomUUID())
    return pMap(keys, (key) => client.place(order, key, timeoutMs), { concurrency: 8 })
  }
  return [
    {
      name: 'back-up by pg_dump, and restore',
      run: async () => {
        const client = new OrderClient(await shop.orderUrl())
        // The services stop while these orders are in flight, so that the three backups differ in progress.
        const kept = await place(ordersBefore)
        await stopServices()
        const dumps = await Promise.all(stores.map((store) => shop.dump(store)))
        await startServices()
        const lost = await place(ordersAfter)
        await followSagas(client, lost, { timeoutMs })

        await stopServices()
        try {
          await shop.purgeQueues()
          for (const [index, store] of stores.entries()) {
            await shop.restore(store, `${dumps[index]}\n${publishAgain};\n`)
          }
        } finally {
          await startServices()
        }

        const sagas = await followSagas(client, kept, { timeoutMs })
        const ends = [...new Set(sagas.map((saga) => saga?.status))].join(', ')
        expect(ends, 'completed', 'the orders of the back-up')
        const found = await Promise.all(lost.map(({ sagaId }) => client.saga(sagaId)))
        expect(String(found.filter((saga) => saga !== undefined).length), '0', 'the orders after the back-up')
        return `${ordersBefore} orders came back and were confirmed, ${ordersAfter} younger ones are gone`
      },
    },
    { name: 'audit after the restore', run: () => shop.audit() },
  ]
}
