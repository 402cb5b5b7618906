import type { MailCause } from '../src/domain/mail.ts'

const ids = {
  eventId: '0190a000-0000-7000-8000-00000000000e',
  orderId: '0190a000-0000-7000-8000-00000000000d',
  sagaId: '0190a000-0000-7000-8000-00000000000c',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  timestamp: new Date('2026-03-01T10:20:30.000Z'),
}
const order = {
  customerEmail: 'ann@example.com',
  items: [
    { sku: 'A1', qty: 2 },
    { sku: 'TEA POT', qty: 1 },
  ],
  amount: '49.90',
  currency: 'EUR',
}

export function confirmed(changes: { eventId?: string; customerEmail?: string } = {}) {
  const { customerEmail = order.customerEmail, ...others } = changes
  return { ...ids, ...others, name: 'order.confirmed', payload: { ...order, customerEmail } } satisfies MailCause
}

export function cancelled(reason: string) {
  return { ...ids, name: 'order.cancelled', payload: { ...order, reason } } satisfies MailCause
}

export function refunded(payload: { amount?: string; customerEmail?: string | undefined } = {}) {
  const whole = { refundId: 'r1', amount: '49.90', currency: 'EUR', customerEmail: 'ann@example.com', ...payload }
  return { ...ids, name: 'payment.refunded', payload: whole } satisfies MailCause
}
