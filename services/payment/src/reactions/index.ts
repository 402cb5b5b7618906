import { OrderCancelled } from '@order-saga/contracts'
import type { Reactions } from '@order-saga/chassis'
import type { Charger } from '../charger.ts'
import type { Refunder } from '../refunder.ts'
import { lockPayments, type PaymentBook, savePayments } from '../store/payments.ts'
import { chargeOnOrderCreated } from './charge-on-order-created.ts'
import { refundOnRefundRequested } from './refund-on-refund-requested.ts'
import { stopChargingOnOrderCancelled } from './stop-charging-on-order-cancelled.ts'

/** All the payment service does on events of others. */
export function paymentReactions(options: {
  readonly queue: string
  readonly charger: Pick<Charger, 'charge' | 'timeLimitMs'>
  readonly refunder: Pick<Refunder, 'start' | 'timeLimitMs'>
  readonly now: () => Date
  readonly newId: () => string
  readonly committed: (payments: PaymentBook) => void
}): Reactions<PaymentBook> {
  const { queue, charger, refunder, now, newId } = options
  return {
    consumer: queue,
    first: OrderCancelled,
    load: (tx, messages) =>
      lockPayments(
        tx,
        messages.map((message) => message.orderId),
        newId,
        now(),
      ),
    reactions: [chargeOnOrderCreated(charger), stopChargingOnOrderCancelled, refundOnRefundRequested(refunder)],
    save: savePayments,
    committed: (payments) => {
      options.committed(payments)
      // The intent is durable; should this process die now, the sweeper finds it.
      for (const payment of payments.changed()) if (payment.state.status === 'refunding') refunder.start(payment)
    },
  }
}
