import type { MailServer } from '../support/mail/mail-server.ts'

/** What is remembered of a mail. */
export interface LoggedMail {
  readonly messageId: string
  readonly to: string
}

/** The mail server's own record, without the texts: half an hour of mails fits into memory. */
export class MailLog {
  readonly #server: MailServer
  readonly #mails: LoggedMail[] = []

  constructor(server: MailServer) {
    this.#server = server
  }

  /** All mails so far; takes them out of the server's memory. */
  get received(): readonly LoggedMail[] {
    for (const { messageId, to } of this.#server.received.splice(0)) {
      this.#mails.push({ messageId, to: to.join() })
    }
    return this.#mails
  }
}
