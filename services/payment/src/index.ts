/** The production decisions, by which the operations programs preview a message. */
export { paymentReactions } from './reactions/index.ts'
export { type EffectIntent } from './reactions/advance-payment.ts'
export { LockedPayments } from './store/payments.ts'
