import { OrderConfirmed } from '@order-saga/contracts'
import type { CauseOf } from '../domain/mail.ts'
import type { SendMail } from './send-mail.ts'

type Message = Omit<CauseOf<typeof OrderConfirmed>, 'name'>

/** Notifies the customer of the confirmation. */
export function mailOnOrderConfirmed(sendMail: SendMail): (message: Message) => ReturnType<SendMail> {
  return (message) => sendMail({ ...message, name: OrderConfirmed.name })
}
