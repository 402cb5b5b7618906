import { MailDeferred, MailServerUnavailable, type SendResult } from './mail-sender.ts'

/** An error of nodemailer. */
interface SmtpFailure extends Error {
  readonly code?: string
  /** The SMTP command of the reply, `CONN` outside of any. */
  readonly command?: string
  readonly response?: string
  readonly responseCode?: number
}

/** Codes of nodemailer for failures of the connection or the login, independent of the mail. */
const connectionErrors = ['ECONNECTION', 'ESOCKET', 'ETIMEDOUT', 'EDNS', 'ETLS', 'EPROTOCOL', 'EAUTH']

/** Replies that apply to every mail (RFC 5321, RFC 4954): closing, bad sequence of commands, authentication. */
const serverReplies = [421, 503, 530, 534, 535, 538]

/** Enhanced codes of a server that is full, not accepting mail, or misconfigured (RFC 3463). */
const systemStatus = /^4\.3\.[125]$/

/**
 * Distinguishes a refusal of one mail from an unavailable server. Error messages contain codes only: reply texts repeat the
 * customer's address, and the messages are copied to logs and message headers.
 * @throws MailServerUnavailable, MailDeferred, or the failure itself when the mail was not sent to a server
 */
export function resultOf(error: unknown, to: string): SendResult {
  if (!(error instanceof Error)) throw error
  const failure: SmtpFailure = error
  const { code, command, response, responseCode } = failure
  if (responseCode === undefined) {
    if (code === 'EMESSAGE') return { kind: 'rejected', detail: 'larger than the server accepts' }
    if (!connectionErrors.includes(code ?? '')) throw failure
    throw new MailServerUnavailable(response === undefined ? failure.message : `malformed reply (${code})`)
  }
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response ?? '')?.[1]
  const detail = [responseCode, enhanced, 'to', command].filter((part) => part !== undefined).join(' ')
  if (serverReplies.includes(responseCode) || systemStatus.test(enhanced ?? '') || !concernsMail(failure, to)) {
    throw new MailServerUnavailable(`replied ${detail}`)
  }
  if (responseCode < 500) throw new MailDeferred(`deferred with ${detail}`)
  return { kind: 'rejected', detail }
}

/**
 * A refused sender address is a configuration error, so it must not reject the mail. Two refusals of MAIL FROM do concern
 * the mail: its size, and a recipient with non-ASCII characters.
 */
function concernsMail({ command, responseCode = 0 }: SmtpFailure, to: string): boolean {
  if (command === 'MAIL FROM') return responseCode === 552 || (responseCode >= 500 && /[^\x20-\x7e]/.test(to))
  return command === 'RCPT TO' || command === 'DATA'
}
