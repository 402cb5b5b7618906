import { PaymentRefunded } from '@order-saga/contracts'
import type { CauseOf } from '../domain/mail.ts'
import type { SendMail } from './send-mail.ts'

type Message = Omit<CauseOf<typeof PaymentRefunded>, 'name'>

/** Notifies the customer of a refund, unless its amount is 0. */
export function mailOnPaymentRefunded(sendMail: SendMail): (message: Message) => ReturnType<SendMail> {
  return (message) => sendMail({ ...message, name: PaymentRefunded.name })
}
