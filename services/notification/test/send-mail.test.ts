import assert from 'node:assert/strict'
import { RecentlySent } from '../src/domain/recently-sent.ts'
import { parseSenderAddress } from '../src/domain/sender-address.ts'
import { MailDeferred, type MailSender, MailServerUnavailable } from '../src/mail/mail-sender.ts'
import { createSmtpMailSender } from '../src/mail/smtp-mail-sender.ts'
import { mailOnOrderCancelled } from '../src/reactions/mail-on-order-cancelled.ts'
import { mailOnOrderConfirmed } from '../src/reactions/mail-on-order-confirmed.ts'
import { mailOnPaymentRefunded } from '../src/reactions/mail-on-payment-refunded.ts'
import { createSendMail, type SendMail } from '../src/reactions/send-mail.ts'
import { cancelled, confirmed, refunded } from './causes.ts'
import { type MailServer, startMailServer } from '@order-saga/tests/support/mail/mail-server'

describe('the reactions of notification', () => {
  let server: MailServer
  let sender: MailSender
  let sendMail: SendMail
  let counted: string[]
  let logged: Record<string, string | undefined>[]

  beforeEach(async () => {
    server = await startMailServer()
    const from = parseSenderAddress('shop@example.com')
    sender = createSmtpMailSender({ url: server.url, from, connectTimeoutMs: 2_000 })
    counted = []
    logged = []
    sendMail = createSendMail({
      sender,
      senderDomain: from.domain,
      recentlySent: new RecentlySent(),
      count: (kind, result) => counted.push(`${kind} ${result}`),
      log: (line) => logged.push(line),
    })
  })

  afterEach(async () => {
    await sender.close()
    await server.stop()
  })

  it('send one mail per event and count it', async () => {
    assert.equal(await mailOnOrderConfirmed(sendMail)({ ...confirmed(), eventId: 'e1' }), 'processed')
    assert.equal(await mailOnOrderCancelled(sendMail)({ ...cancelled('timeout'), eventId: 'e2' }), 'processed')
    assert.equal(await mailOnPaymentRefunded(sendMail)({ ...refunded(), eventId: 'e3' }), 'processed')
    assert.deepEqual(counted, ['confirmed sent', 'cancelled sent', 'refunded sent'])
    assert.deepEqual(
      server.received.map(({ messageId, subject }) => [messageId, subject.split(' ', 2).join(' ')]),
      [
        ['<e1@example.com>', 'Your order'],
        ['<e2@example.com>', 'Your order'],
        ['<e3@example.com>', 'Your refund'],
      ],
    )
  })

  it('ignore the name of the event in the message', async () => {
    const message = { ...cancelled('timeout'), name: 'order.confirmed' }
    await mailOnOrderCancelled(sendMail)(message)
    assert.match(server.received[0]?.subject ?? '', /cancelled/)
  })

  it('skip what calls for no mail', async () => {
    assert.equal(await mailOnPaymentRefunded(sendMail)(refunded({ amount: '0' })), 'processed')
    assert.deepEqual(counted, ['refunded skipped'])
    assert.equal(server.sessions, 0)
  })

  it('send no second mail for a repeated event', async () => {
    await sendMail(confirmed())
    assert.equal(await sendMail(confirmed()), 'duplicate')
    assert.equal(server.received.length, 1)
    assert.deepEqual(counted, ['confirmed sent'])
  })

  it('send one mail for an event delivered twice concurrently', async () => {
    assert.deepEqual(await Promise.all([sendMail(confirmed()), sendMail(confirmed())]), ['processed', 'duplicate'])
    assert.equal(server.received.length, 1)
  })

  it('do not count an event as handled while its first delivery can still fail', async () => {
    server.rejectNext(450, 'rcpt')
    const both = await Promise.allSettled([sendMail(confirmed()), sendMail(confirmed())])
    assert.deepEqual(
      both.map((each) => each.status === 'rejected' && each.reason instanceof MailDeferred),
      [true, true],
    )
    assert.equal(await sendMail(confirmed()), 'processed')
    assert.equal(server.received.length, 1)
  })

  it('handle a rejected mail once, and log the reason without the address', async () => {
    server.rejectNext(550, 'rcpt')
    assert.equal(await sendMail(confirmed()), 'processed')
    assert.equal(await sendMail(confirmed()), 'duplicate')
    assert.deepEqual(counted, ['confirmed rejected'])
    const { eventId, sagaId, orderId } = confirmed()
    const ids = { eventId, sagaId, orderId, traceId: '4bf92f3577b34da6a3ce929d0e0e4736' }
    assert.deepEqual(logged, [{ msg: 'mail rejected', kind: 'confirmed', ...ids, detail: '550 to RCPT TO' }])
  })

  it('leave an event unhandled and uncounted while the server is unavailable, and send its mail later', async () => {
    await server.down()
    await assert.rejects(sendMail(confirmed()), MailServerUnavailable)
    assert.deepEqual(counted, [])
    await server.up()
    assert.equal(await sendMail(confirmed()), 'processed')
    assert.equal(server.received.length, 1)
  })
})
