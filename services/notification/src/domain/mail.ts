import type {
  CancelReason,
  EventType,
  OrderCancelled,
  OrderConfirmed,
  PaymentRefunded,
  PayloadOf,
} from '@order-saga/contracts'

/** The subject of a mail; a label of `notifications_total`. */
export type MailKind = 'confirmed' | 'cancelled' | 'refunded'

/** The fields of a message of the chassis that a mail needs. */
export interface CauseOf<E extends EventType> {
  readonly name: E['name']
  readonly eventId: string
  readonly sagaId: string
  readonly orderId: string
  readonly traceparent: string | undefined
  readonly timestamp: Date
  readonly payload: PayloadOf<E>
}

/** The events that cause a mail. */
export type MailCause =
  CauseOf<typeof OrderConfirmed> | CauseOf<typeof OrderCancelled> | CauseOf<typeof PaymentRefunded>

/** One mail to one customer. All fields derive from its event, so a repetition is the same mail. */
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

/** Requires a payload that was checked against the event's schema, as `decode` does. */
export function isMailCause(event: { readonly name: string }): event is MailCause {
  return Object.hasOwn(mailKinds, event.name)
}

/** Enough to recognize an item; a link or a sentence of advertising is longer. */
const skuTextLength = 32

/**
 * The text of a SKU in a mail. The sender of an order chooses SKU and recipient, so the text must be no link: mail clients
 * make links of addresses in plain text. Every character but letters, digits, space, - and _ is escaped by a backslash.
 */
function skuText(sku: string): string {
  const shown = sku.slice(0, skuTextLength).replaceAll(/[^\w -]/g, (character) => `\\${character}`)
  return sku.length > skuTextLength ? `${shown} (shortened)` : shown
}

const reasons: Record<CancelReason, readonly string[]> = {
  payment_failed: ['Your payment did not go through, so we have cancelled your order.', 'You have not been charged.'],
  compensation: [
    'We could not supply the goods you ordered, so we have cancelled your order.',
    'If you have been charged, the whole amount has been refunded or will be refunded.',
  ],
  timeout: [
    'We could not complete your order in time, so we have cancelled it.',
    'If you have been charged, the whole amount will be refunded.',
  ],
}

/** For a reason that a newer order service has added. */
const otherReason = [
  'We have cancelled your order.',
  'If you have been charged, the whole amount has been refunded or will be refunded.',
]

/**
 * Composes the mail for an event; undefined for a refund of 0 and for a refund without an address. The Message-ID is
 * `<eventId@senderDomain>`, so a mail client recognizes a second copy.
 */
export function composeMail(cause: MailCause, senderDomain: string): Mail | undefined {
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
  if (name === 'order.cancelled') {
    const news = new Map<string, readonly string[]>(Object.entries(reasons)).get(payload.reason) ?? otherReason
    return { subject: `Your order ${orderId} was cancelled`, news }
  }
  const news = [
    `We have refunded ${payload.amount} ${payload.currency} for your order.`,
    'Depending on your bank it can take some days until you see it.',
  ]
  return { subject: `Your refund for order ${orderId}`, news }
}

function facts({ orderId, payload }: MailCause): readonly string[] {
  const items =
    'items' in payload ? ['Items:', ...payload.items.map(({ sku, qty }) => `  ${qty} x ${skuText(sku)}`)] : []
  return [`Order:  ${orderId}`, `Amount: ${payload.amount} ${payload.currency}`, ...items]
}
