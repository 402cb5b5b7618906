import type { MailCause } from '../domain/mail.ts'
import { mailOnOrderCancelled } from './mail-on-order-cancelled.ts'
import { mailOnOrderConfirmed } from './mail-on-order-confirmed.ts'
import { mailOnPaymentRefunded } from './mail-on-payment-refunded.ts'
import type { SendMail } from './send-mail.ts'

/** All reactions of the notification service. */
export function createNotificationReactions(sendMail: SendMail): SendMail {
  const onConfirmed = mailOnOrderConfirmed(sendMail)
  const onCancelled = mailOnOrderCancelled(sendMail)
  const onRefunded = mailOnPaymentRefunded(sendMail)
  return async (cause: MailCause) => {
    switch (cause.name) {
      case 'order.confirmed':
        return await onConfirmed(cause)
      case 'order.cancelled':
        return await onCancelled(cause)
      case 'payment.refunded':
        return await onRefunded(cause)
    }
  }
}
