import { PaymentRefunded } from '@order-saga/contracts'
import type { CauseOf } from '../domain/mail.ts'
import type { SendMail } from './send-mail.ts'

type Message = Omit<CauseOf<typeof PaymentRefunded>, 'name'>

/** Tells the customer that money is on its way back; says nothing where none was charged. */
export function mailOnPaymentRefunded(sendMail: SendMail): (message: Message) => ReturnType<SendMail> {
  return (message) => sendMail({ ...message, name: PaymentRefunded.name })
}
