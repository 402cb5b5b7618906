import type { MailServer } from './mail/mail-server.ts'
import type { ReceivedMail } from './mail/received-mail.ts'

export function mailsTo(server: MailServer, customer: string): ReceivedMail[] {
  return server.received.filter(({ to }) => to.includes(customer))
}

/** The event a mail was sent for: the left half of its Message-ID. */
export function eventIdOf(mail: ReceivedMail): string {
  return mail.messageId.slice(1, mail.messageId.indexOf('@'))
}
