import { OrderCancelled } from '@order-saga/contracts'
import type { CauseOf } from '../domain/mail.ts'
import type { SendMail } from './send-mail.ts'

type Message = Omit<CauseOf<typeof OrderCancelled>, 'name'>

/** Notifies the customer of the cancellation, its reason and the refund. */
export function mailOnOrderCancelled(sendMail: SendMail): (message: Message) => ReturnType<SendMail> {
  return (message) => sendMail({ ...message, name: OrderCancelled.name })
}
