/** What the operations programs need: the production decisions, so that they foresee what a message would do. */
export { paymentReactions } from './reactions/index.ts'
export { PaymentBook } from './store/payments.ts'
