import type {
  CancelReason,
  EventType,
  OrderCancelled,
  OrderConfirmed,
  PaymentRefunded,
  PayloadOf,
} from '@order-saga/contracts'

/** What a customer is written to about; a label of `notifications_total`. */
export type MailKind = 'confirmed' | 'cancelled' | 'refunded'

/** What a mail needs to know of an event; the chassis' messages have it. */
export interface CauseOf<E extends EventType> {
  readonly name: E['name']
  readonly eventId: string
  readonly sagaId: string
  readonly orderId: string
  readonly traceparent: string | undefined
  readonly timestamp: Date
  readonly payload: PayloadOf<E>
}

/** The events that customers hear of. */
export type MailCause =
  CauseOf<typeof OrderConfirmed> | CauseOf<typeof OrderCancelled> | CauseOf<typeof PaymentRefunded>

/** One mail to one customer. Everything in it follows from its event, so a repetition is the same mail again. */
export interface Mail {
  readonly kind: MailKind
  readonly eventId: string
  readonly orderId: string
  readonly messageId: string
  readonly to: string
  readonly date: Date
  readonly subject: string
  readonly text: string
}

export const mailKinds: Record<MailCause['name'], MailKind> = {
  'order.confirmed': 'confirmed',
  'order.cancelled': 'cancelled',
  'payment.refunded': 'refunded',
}

/** The payload must have been checked against the event's schema, as it is when a message is decoded. */
export function isMailCause(event: { readonly name: string }): event is MailCause {
  return Object.hasOwn(mailKinds, event.name)
}

const reasons: Record<CancelReason, readonly string[]> = {
  payment_failed: ['Your payment did not go through, so we have cancelled your order.', 'You have not been charged.'],
  compensation: [
    'We could not supply the goods you ordered, so we have cancelled your order.',
    'Whatever you paid for it has been given back or is on its way back to you.',
  ],
  timeout: [
    'We could not complete your order in time, so we have cancelled it.',
    'Should you have been charged, the whole amount is given back to you.',
  ],
}

/**
 * The mail an event calls for, or undefined where there is nothing to say or nobody to say it to: a refund of nothing,
 * or one whose payment service never learned the address. `senderDomain` is the right half of the Message-ID, whose
 * left half is the event id: whoever gets the mail twice can tell.
 */
export function mailFor(cause: MailCause, senderDomain: string): Mail | undefined {
  const { name, eventId, orderId, timestamp, payload } = cause
  const { customerEmail: to, amount } = payload
  if (to === undefined || (name === 'payment.refunded' && /^[0.]+$/.test(amount))) return undefined
  const { subject, news } = wording(cause)
  const text = ['Hello,', '', ...news, '', ...facts(cause), '', 'Kind regards', ''].join('\n')
  const messageId = `<${eventId}@${senderDomain}>`
  return { kind: mailKinds[name], eventId, orderId, messageId, to, date: timestamp, subject, text }
}

function wording({ name, orderId, payload }: MailCause): { subject: string; news: readonly string[] } {
  if (name === 'order.confirmed') {
    const news = ['Thank you for your order. It is confirmed, and we are getting it ready.']
    return { subject: `Your order ${orderId} is confirmed`, news }
  }
  if (name === 'order.cancelled')
    return { subject: `Your order ${orderId} was cancelled`, news: reasons[payload.reason] }
  const news = [
    `We have given back ${payload.amount} ${payload.currency} for your order.`,
    'Depending on your bank it can take some days until you see it.',
  ]
  return { subject: `Your refund for order ${orderId}`, news }
}

function facts({ orderId, payload }: MailCause): readonly string[] {
  const items = 'items' in payload ? ['Items:', ...payload.items.map(({ sku, qty }) => `  ${qty} x ${sku}`)] : []
  return [`Order:  ${orderId}`, `Amount: ${payload.amount} ${payload.currency}`, ...items]
}
