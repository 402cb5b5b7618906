import { createTransport } from 'nodemailer'
import type { Mail } from '../domain/mail.ts'
import type { SenderAddress } from '../domain/sender-address.ts'
import { type MailSender, MailServerUnavailable, type SendResult } from './mail-sender.ts'
import { resultOf } from './smtp-failure.ts'

export interface SmtpOptions {
  /** `smtp://user:password@host:587` or `smtps://…:465`; options of smtp-url.ts may follow as a query. */
  readonly url: string
  readonly from: SenderAddress
  readonly maxConnections?: number
  /** From the DNS lookup to the greeting, TLS included. */
  readonly connectTimeoutMs?: number
  /** Maximum time without data from the server within a session. */
  readonly idleTimeoutMs?: number
  /** Total time for one mail, the wait for a free connection included. */
  readonly sendTimeoutMs?: number
}

/** One address without characters that could end a header line, a command or the address. */
const singleAddress = /^[^\s@<>(),;:"[\]\\\p{Cc}]+@[A-Za-z0-9.-]+$/u

/**
 * Sends by SMTP over a pool of connections. A lost connection is replaced, within the same send if no byte of the mail
 * was sent on it.
 */
export function createSmtpMailSender(options: SmtpOptions): MailSender {
  const { url, from, maxConnections = 5, connectTimeoutMs = 10_000 } = options
  const { idleTimeoutMs = 30_000, sendTimeoutMs = 60_000 } = options
  const transport = createTransport({
    url,
    pool: true,
    maxConnections,
    maxRequeues: 1,
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    socketTimeout: idleTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const inFlight = new Set<Promise<SendResult>>()
  let closed = false

  async function deliver(mail: Mail): Promise<SendResult> {
    if (!singleAddress.test(mail.to)) return { kind: 'rejected', detail: 'malformed address' }
    const signal = AbortSignal.timeout(sendTimeoutMs)
    try {
      await transport.sendMail({
        from: { name: from.name, address: from.address },
        to: { name: '', address: mail.to },
        envelope: { from: from.address, to: [mail.to] },
        messageId: mail.messageId,
        date: mail.date,
        subject: mail.subject,
        text: mail.text,
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal,
      })
      return { kind: 'sent' }
    } catch (failure) {
      if (signal.aborted) throw new MailServerUnavailable(`did not accept the mail within ${sendTimeoutMs} ms`)
      return resultOf(failure, mail.to)
    }
  }

  return {
    async send(mail) {
      if (closed) throw new MailServerUnavailable('the sender is closed')
      const sending = deliver(mail)
      inFlight.add(sending)
      try {
        return await sending
      } finally {
        inFlight.delete(sending)
      }
    },
    async close() {
      closed = true
      await Promise.allSettled(inFlight)
      transport.close()
    },
  }
}
