import { type ChassisMetrics, type Tracing, tracingOff } from '@order-saga/chassis'
import { Counter, Histogram } from 'prom-client'
import { GatewayUnavailable } from './gateway/payment-gateway.ts'
import type { LockedPayments, PaymentRecord } from './store/payments.ts'

/** Runs a call to the gateway, observes how long it took and how it ended, and makes it a part of the payment's trace. */
export type GatewayTimer = <T>(
  operation: string,
  payment: Pick<PaymentRecord, 'traceparent'>,
  call: () => Promise<T>,
) => Promise<T>

export interface PaymentMetrics {
  readonly time: GatewayTimer
  /** Counts what a transaction that has just committed has decided. */
  readonly committed: (payments: LockedPayments) => void
}

export function createPaymentMetrics({ registry }: ChassisMetrics, tracing: Tracing = tracingOff): PaymentMetrics {
  const registers = [registry]
  const gateway = new Histogram({
    name: 'payment_gateway_seconds',
    help: 'Calls to the payment gateway: charge, refund, find_charge, find_refund, by how they ended.',
    labelNames: ['operation', 'result'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    registers,
  })
  const payments = new Counter({
    name: 'payments_total',
    help: 'Orders by what became of their charge: charged, declined, expired, order_cancelled; sum over pods.',
    labelNames: ['result'],
    registers,
  })
  const refunds = new Counter({
    name: 'refunds_total',
    help: 'Refunds by their state: requested (the intent is durable), refunded; sum over pods.',
    labelNames: ['result'],
    registers,
  })
  for (const result of ['charged', 'declined', 'expired', 'order_cancelled']) payments.inc({ result }, 0)
  for (const result of ['requested', 'refunded']) refunds.inc({ result }, 0)
  return {
    time: async (operation, { traceparent }, call) => {
      const end = gateway.startTimer({ operation })
      const span = tracing.start({ name: `gateway ${operation}`, kind: 'client', parent: traceparent })
      try {
        const result = await call()
        const kind = (result as { kind?: unknown } | undefined)?.kind
        const ended = typeof kind === 'string' ? kind : result === undefined ? 'none' : 'ok'
        end({ result: ended })
        span.end({ attributes: { 'order_saga.result': ended } })
        return result
      } catch (error) {
        end({ result: error instanceof GatewayUnavailable ? 'unavailable' : 'unknown' })
        span.end({ failure: error })
        throw error
      }
    },
    committed: (locked) => {
      for (const { state, attempts } of locked.changed()) {
        if (state.status === 'charged') payments.inc({ result: 'charged' })
        if (state.status === 'declined' || (state.status === 'cancelled' && state.orderSeen)) {
          payments.inc({ result: state.reason ?? 'declined' })
        }
        if (state.status === 'refunding' && attempts === 0) refunds.inc({ result: 'requested' })
        if (state.status === 'refunded') refunds.inc({ result: 'refunded' })
      }
    },
  }
}
