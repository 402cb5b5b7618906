import { traceIdOf, type Tracing, tracingOff } from '@order-saga/chassis'
import { type Mail, type MailCause, mailFor, type MailKind, mailKinds } from '../domain/mail.ts'
import type { RecentlySent } from '../domain/recently-sent.ts'
import type { MailSender, SendResult } from '../mail/mail-sender.ts'

/** What the three reactions share. */
export interface Mailing {
  readonly sender: MailSender
  readonly senderDomain: string
  readonly recentlySent: RecentlySent
  /** Feeds `notifications_total`. */
  readonly count: (kind: MailKind, result: 'sent' | 'rejected' | 'skipped') => void
  /** Told why a mail was rejected; never an address. */
  readonly log: (line: Record<string, string | undefined>) => void
  /** Each mail that is handed over becomes a part of its event's trace. */
  readonly tracing?: Tracing
}

export type SendMail = (cause: MailCause) => Promise<'processed' | 'duplicate'>

/**
 * Sends each event's mail, at least once and hardly ever twice. It resolves when the delivery can be acknowledged.
 * @throws what MailSender.send throws; the event then counts as not handled
 */
export function mailing({ sender, senderDomain, recentlySent, count, log, tracing = tracingOff }: Mailing): SendMail {
  const underway = new Map<string, Promise<void>>()

  async function send(cause: MailCause): Promise<void> {
    const kind = mailKinds[cause.name]
    const mail = mailFor(cause, senderDomain)
    const result = mail === undefined ? { kind: 'skipped' as const } : await handOver(mail, cause.traceparent)
    recentlySent.add(cause.eventId)
    count(kind, result.kind)
    if (result.kind === 'rejected') {
      const { eventId, sagaId, orderId, traceparent } = cause
      const about = { eventId, sagaId, orderId, traceId: traceIdOf(traceparent) }
      log({ msg: 'mail rejected', kind, ...about, detail: result.detail })
    }
  }

  async function handOver(mail: Mail, parent: string | undefined): Promise<SendResult> {
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
    // A redelivery may come while the first delivery, its channel gone, is still sending: it must share that outcome,
    // since the first can no longer hold or retry the message should the mail fail.
    const first = underway.get(eventId)
    if (first !== undefined) {
      await first
      return 'duplicate'
    }
    const sending = send(cause).finally(() => underway.delete(eventId))
    underway.set(eventId, sending)
    await sending
    return 'processed'
  }
}
