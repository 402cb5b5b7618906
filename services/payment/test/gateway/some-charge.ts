import type { Charge, Refund } from '../../src/gateway/payment-gateway.ts'

/** A charge for an order, with what a test does not care about filled in. */
export function someCharge(orderId: string, rest: Partial<Charge> = {}): Charge {
  return {
    key: `charge:${orderId}`,
    orderId,
    amount: '49.90',
    currency: 'EUR',
    customerEmail: 'ada@shop.example',
    deadline: new Date('2026-01-01T00:01:30Z'),
    ...rest,
  }
}

/** The refund of the whole of it. */
export function someRefund(charge: Charge, chargeId: string): Refund {
  const { orderId, amount, currency } = charge
  return { key: `refund:${orderId}`, orderId, chargeId, amount, currency }
}
