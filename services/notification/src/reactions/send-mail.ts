import { traceIdOf, type Tracing, tracingOff } from '@order-saga/chassis'
import { type Mail, type MailCause, composeMail, type MailKind, mailKinds } from '../domain/mail.ts'
import type { RecentlySent } from '../domain/recently-sent.ts'
import type { MailSender, SendResult } from '../mail/mail-sender.ts'

export interface SendMailDependencies {
  readonly sender: MailSender
  readonly senderDomain: string
  readonly recentlySent: RecentlySent
  /** Feeds `notifications_total`. */
  readonly count: (kind: MailKind, result: 'sent' | 'rejected' | 'skipped') => void
  /** Called for each rejected mail, without its address. */
  readonly log: (line: Record<string, string | undefined>) => void
  /** Each mail sent becomes a span in its event's trace. */
  readonly tracing?: Tracing
}

export type SendMail = (cause: MailCause) => Promise<'processed' | 'duplicate'>

/**
 * Returns a function that sends the mail of an event at least once; it resolves when the delivery can be acknowledged. It
 * rejects with the errors of `MailSender.send`; the event then counts as not handled.
 */
export function createSendMail(dependencies: SendMailDependencies): SendMail {
  const { sender, senderDomain, recentlySent, count, log, tracing = tracingOff } = dependencies
  const inFlight = new Map<string, Promise<void>>()

  async function send(cause: MailCause): Promise<void> {
    const kind = mailKinds[cause.name]
    const mail = composeMail(cause, senderDomain)
    const result = mail === undefined ? { kind: 'skipped' as const } : await deliver(mail, cause.traceparent)
    recentlySent.add(cause.eventId)
    count(kind, result.kind)
    if (result.kind === 'rejected') {
      const { eventId, sagaId, orderId, traceparent } = cause
      const ids = { eventId, sagaId, orderId, traceId: traceIdOf(traceparent) }
      log({ msg: 'mail rejected', kind, ...ids, detail: result.detail })
    }
  }

  async function deliver(mail: Mail, parent: string | undefined): Promise<SendResult> {
    const span = tracing.start({ name: `send mail ${mail.kind}`, kind: 'client', parent })
    try {
      const result = await sender.send(mail)
      span.end({ attributes: { 'order_saga.result': result.kind } })
      return result
    } catch (error) {
      span.end({ failure: error })
      throw error
    }
  }

  return async (cause) => {
    const { eventId } = cause
    if (recentlySent.has(eventId)) return 'duplicate'
    // After a closed channel a redelivery can arrive while the mail of the first delivery is in flight. It must share that
    // outcome: the first delivery can no longer be retried if the mail fails.
    const first = inFlight.get(eventId)
    if (first !== undefined) {
      await first
      return 'duplicate'
    }
    const sending = send(cause).finally(() => inFlight.delete(eventId))
    inFlight.set(eventId, sending)
    await sending
    return 'processed'
  }
}
