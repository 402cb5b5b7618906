import type { MailSender } from './mail-sender.ts'

/** Stands in where no mail server is set: writes one line per mail that would have gone out, without address or text. */
export function logMailSender(options: { log: (line: Record<string, string>) => void }): MailSender {
  return {
    async send({ kind, orderId, eventId }) {
      options.log({ msg: 'mail not sent: there is no mail server', kind, orderId, eventId })
      return { kind: 'sent' }
    },
    async close() {},
  }
}
