import type { Mail } from '../domain/mail.ts'

/**
 * `rejected` is a permanent refusal of this mail: a retry cannot help. `detail` contains reply codes only, because servers
 * repeat the address in the reply text.
 */
export type SendResult = { readonly kind: 'sent' } | { readonly kind: 'rejected'; readonly detail: string }

export interface MailSender {
  /**
   * Resolves when the mail is accepted or permanently refused. A mail whose reply was lost may have been delivered: it is
   * sent again, with the same Message-ID.
   * @throws MailServerUnavailable when no mail can be sent: retain the message
   * @throws MailDeferred when the server refuses this mail temporarily
   */
  send(mail: Mail): Promise<SendResult>
  /** Waits for the mails in flight; new ones are rejected. */
  close(): Promise<void>
}

/** The mail server refused the connection or the login, timed out or closed the connection. */
export class MailServerUnavailable extends Error {
  override readonly name = 'MailServerUnavailable'
}

/** A temporary refusal of one mail: a full or busy mailbox, greylisting. Other mails may be accepted. */
export class MailDeferred extends Error {
  override readonly name = 'MailDeferred'
}
