import type { Mail } from '../domain/mail.ts'

/**
 * How a mail ended. `rejected`: the server will never take this mail for this address, so there is no point in trying
 * again. `detail` holds reply codes only; what servers say beside them repeats the address.
 */
export type SendResult = { readonly kind: 'sent' } | { readonly kind: 'rejected'; readonly detail: string }

export interface MailSender {
  /**
   * Resolves once the mail is handed over or refused for good. A mail whose answer got lost may have been delivered: it
   * is sent again, with the same Message-ID.
   * @throws MailServerUnavailable when the mail server is in trouble: hold the mail, it is not its fault
   * @throws MailDeferred when the server asks to try this one mail again later
   */
  send(mail: Mail): Promise<SendResult>
  /** Finishes what is being sent and takes nothing new. */
  close(): Promise<void>
}

/** The mail server refused, timed out, went away or does not let us in. No mail gets through until that is over. */
export class MailServerUnavailable extends Error {
  override readonly name = 'MailServerUnavailable'
}

/** A temporary refusal of one mail: a full or busy mailbox, greylisting. Others may get through meanwhile. */
export class MailDeferred extends Error {
  override readonly name = 'MailDeferred'
}
