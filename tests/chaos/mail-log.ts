import type { MailServer } from '../support/mail/mail-server.ts'

/** The recorded part of a mail. */
export interface LoggedMail {
  readonly messageId: string
  readonly to: string
}

/** The mails received by the server, without their texts, to bound memory. */
export class MailLog {
  readonly #server: MailServer
  readonly #mails: LoggedMail[] = []

  constructor(server: MailServer) {
    this.#server = server
  }

  /** All mails so far; removes them from the server's list. */
  get received(): readonly LoggedMail[] {
    for (const { messageId, to } of this.#server.received.splice(0)) {
      this.#mails.push({ messageId, to: to.join() })
    }
    return this.#mails
  }
}
