import { MailDeferred, MailServerUnavailable, type SendResult } from './mail-sender.ts'

/** What nodemailer says about a mail that did not get through. */
interface SmtpFailure extends Error {
  readonly code?: string
  /** The command that was answered, `CONN` outside of any. */
  readonly command?: string
  readonly response?: string
  readonly responseCode?: number
}

/** Failures of the connection or the login; none of them says anything about the mail. */
const serverTrouble = ['ECONNECTION', 'ESOCKET', 'ETIMEDOUT', 'EDNS', 'ETLS', 'EPROTOCOL', 'EAUTH']

/** Replies that concern every mail, wherever they come: closing down, lost track of the session, log in first. */
const repliesToAll = [421, 503, 530, 534, 535, 538]

/** Enhanced codes by which a server says that it is full, not accepting mail now, or set up wrongly (RFC 3463). */
const systemStatus = /^4\.3\.[125]$/

/**
 * Tells a refusal of this one mail from trouble of the server. Texts are made of codes alone, because replies repeat
 * the customer's address and these texts end up in logs and message headers.
 * @throws MailServerUnavailable, MailDeferred, or the failure itself when the mail never reached the connection
 */
export function resultOf(error: unknown, to: string): SendResult {
  if (!(error instanceof Error)) throw error
  const failure: SmtpFailure = error
  const { code, command, response, responseCode } = failure
  if (responseCode === undefined) {
    if (code === 'EMESSAGE') return { kind: 'rejected', detail: 'larger than the server takes' }
    if (!serverTrouble.includes(code ?? '')) throw failure
    throw new MailServerUnavailable(response === undefined ? failure.message : `unreadable answer (${code})`)
  }
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response ?? '')?.[1]
  const detail = [responseCode, enhanced, 'to', command].filter((part) => part !== undefined).join(' ')
  if (repliesToAll.includes(responseCode) || systemStatus.test(enhanced ?? '') || !concernsMail(failure, to)) {
    throw new MailServerUnavailable(`answered ${detail}`)
  }
  if (responseCode < 500) throw new MailDeferred(`deferred with ${detail}`)
  return { kind: 'rejected', detail }
}

/**
 * A refused sender address is our own setting, so it must stop the mails rather than use them up, but for two cases
 * that come from the mail: its size, and a recipient whose letters the server cannot take.
 */
function concernsMail({ command, responseCode = 0 }: SmtpFailure, to: string): boolean {
  if (command === 'MAIL FROM') return responseCode === 552 || (responseCode >= 500 && /[^\x20-\x7e]/.test(to))
  return command === 'RCPT TO' || command === 'DATA'
}
