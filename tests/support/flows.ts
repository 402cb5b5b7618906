import type { EventName } from '@order-saga/contracts'
import type { Network } from './network.ts'
import { ProviderLedger } from './provider/provider-ledger.ts'
import { someCustomer, type WantedOrder } from './shop.ts'

/** A flow of an order: its trigger and its events. Together the flows publish all nine events. */
export interface Flow {
  readonly name: string
  readonly wanted: () => WantedOrder
  readonly events: readonly EventName[]
}

export const flows: readonly Flow[] = [
  {
    name: 'a confirmed order',
    wanted: () => ({ customerEmail: someCustomer() }),
    events: ['order.created', 'payment.completed', 'inventory.reserved', 'order.confirmed'],
  },
  {
    name: 'an order whose payment is declined',
    wanted: () => ({ customerEmail: someCustomer(), amount: declinedAmount }),
    events: ['order.created', 'payment.failed', 'order.cancelled'],
  },
  {
    name: 'an order that is refunded',
    wanted: () => ({ customerEmail: someCustomer(), items: [{ sku: 'SIM-NONE', qty: 1 }] }),
    events: [
      'order.created',
      'payment.completed',
      'inventory.failed',
      'payment.refund.requested',
      'payment.refunded',
      'order.cancelled',
    ],
  },
]

/** The amount that the tests' provider declines. */
export const declinedAmount = 66.6

/** A provider's ledger that declines `declinedAmount`. */
export const decliningLedger = (): ProviderLedger =>
  new ProviderLedger(({ amount }) => Number(amount) === declinedAmount)

/** Delivers each event of an order to each of its consumers in `copies`, until no delivery is due. */
export async function carry(
  network: Network,
  orderId: string,
  events: readonly EventName[],
  copies = 1,
): Promise<void> {
  for (const name of events) {
    const event = await network.next(orderId, name)
    for (const { to } of network.due().filter((delivery) => delivery.event === event)) {
      await network.deliver(event, to, copies)
    }
  }
}
