import assert from 'node:assert/strict'
import type { ReactionContext } from '@order-saga/chassis'
import { unknownPayment } from '../../src/domain/payment.ts'
import { advance, type EffectIntent } from '../../src/reactions/advance-payment.ts'
import { LockedPayments, type PaymentRecord } from '../../src/store/payments.ts'

const now = new Date('2026-01-01T00:00:00Z')
const order = { amount: '10.00', currency: 'EUR', customerEmail: 'ada@shop.example', items: [], deadline: now }

describe('Advancing a payment', () => {
  let published: string[]
  const request = (payment: PaymentRecord): EffectIntent[] => {
    published = []
    const append: ReactionContext['append'] = (type) => `id ${published.push(type.name)}`
    const context = { now, append, timeLimitsMs: { charge: 1_000, refund: 2_000 }, cause: {} }
    return advance(payment, { on: 'payment.refund.requested' }, context)
  }
  const paymentThatIs = (status: 'charged' | 'refunded'): { payment: PaymentRecord; payments: LockedPayments } => {
    const payments = new LockedPayments([], () => 'payment', now)
    const payment = payments.of('order', 'saga')
    payment.state = { ...unknownPayment, status, orderSeen: true }
    payment.order = order
    return { payment, payments }
  }

  it('makes the intent of its effect durable, for the sweeper after the time limit', () => {
    const { payment, payments } = paymentThatIs('charged')
    const [intent] = request(payment)
    assert.deepEqual([intent?.effect, intent?.awaited, intent?.payment.state.status], ['refund', false, 'refunding'])
    assert.deepEqual(payments.changed(), [payment])
    assert.deepEqual([payment.intendedAt, payment.nextAttemptAt], [now, new Date(now.getTime() + 7_000)])
  })

  it('answers a refund that is requested again, and changes and counts nothing', () => {
    const { payment, payments } = paymentThatIs('refunded')
    assert.deepEqual(request(payment), [])
    assert.deepEqual(published, ['payment.refunded'])
    assert.deepEqual(payments.changed(), [])
  })
})
