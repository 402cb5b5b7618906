import { OrderCancelled } from '@order-saga/contracts'
import type { CauseOf } from '../domain/mail.ts'
import type { SendMail } from './send-mail.ts'

type Message = Omit<CauseOf<typeof OrderCancelled>, 'name'>

/** Tells the customer that the order was cancelled, why, and what happens to the money. */
export function mailOnOrderCancelled(sendMail: SendMail): (message: Message) => ReturnType<SendMail> {
  return (message) => sendMail({ ...message, name: OrderCancelled.name })
}
