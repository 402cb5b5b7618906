/** What the operations programs need: the production decisions, so that they foresee what a message would do. */
export { type PaymentState, type PaymentStatus } from './domain/payment.ts'
export { paymentReactions } from './reactions/index.ts'
export { PaymentBook, type PaymentRecord } from './store/payments.ts'
