import type { MailSender } from './mail-sender.ts'

/** For configurations without a mail server: logs one line per mail, without address or text. */
export function createLogMailSender(options: { log: (line: Record<string, string>) => void }): MailSender {
  return {
    async send({ kind, orderId, eventId }) {
      options.log({ msg: 'mail not sent: no mail server is configured', kind, orderId, eventId })
      return { kind: 'sent' }
    },
    async close() {},
  }
}
