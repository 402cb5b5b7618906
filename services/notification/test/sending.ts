import { type Mail, composeMail } from '../src/domain/mail.ts'
import { parseSenderAddress } from '../src/domain/sender-address.ts'
import type { MailSender } from '../src/mail/mail-sender.ts'
import { type SmtpOptions, createSmtpMailSender } from '../src/mail/smtp-mail-sender.ts'
import { confirmed } from './causes.ts'
import { type MailServerOptions, startMailServer } from '@order-saga/tests/support/mail/mail-server'

export const customer = 'ann@example.com'

export function mail(to = customer): Mail {
  const composed = composeMail(confirmed({ customerEmail: to }), 'example.com')
  if (composed === undefined) throw new Error('no mail for a confirmed order')
  return composed
}

/** Starts mail servers and senders for the tests of one `describe`, and stops them after each test. */
export function sendingTests() {
  const ends: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  })

  function senderTo(url: string, options: Partial<SmtpOptions> = {}): MailSender {
    const from = parseSenderAddress('Shop <shop@example.com>')
    const limits = { connectTimeoutMs: 2_000, idleTimeoutMs: 2_000, sendTimeoutMs: 5_000 }
    const sender = createSmtpMailSender({ url, from, ...limits, ...options })
    ends.push(() => sender.close())
    return sender
  }

  async function start(options: Partial<SmtpOptions> = {}, serverOptions: MailServerOptions = {}) {
    const server = await startMailServer(serverOptions)
    ends.push(() => server.stop())
    return { server, sender: senderTo(server.url, options) }
  }

  return { start, senderTo }
}
