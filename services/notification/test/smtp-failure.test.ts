import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:net'
import { MailDeferred, MailServerUnavailable } from '../src/mail/mail-sender.ts'
import { portOf, type Stage } from '@order-saga/tests/support/mail/mail-server'
import { customer, mail, sendingTests } from './sending.ts'

describe('a refusal of one mail', () => {
  const { start } = sendingTests()

  const rejections = [
    [550, 'rcpt', '550 to RCPT TO'],
    [553, 'rcpt', '553 to RCPT TO'],
    [554, 'rcpt', '554 to RCPT TO'],
    [550, 'data', '550 to DATA'],
    [554, 'data', '554 to DATA'],
    [552, 'mail', '552 to MAIL FROM'],
  ] as const
  for (const [code, stage, detail] of rejections) {
    it(`is a result when permanent: ${detail}`, async () => {
      const { server, sender } = await start()
      server.rejectNext(code, stage)
      assert.deepEqual(await sender.send(mail()), { kind: 'rejected', detail })
      assert.deepEqual(await sender.send(mail()), { kind: 'sent' }, 'the next mail is sent')
    })
  }

  it('keeps the enhanced code, and nothing of the text', async () => {
    const { server, sender } = await start()
    server.rejectNext(550, 'rcpt', `5.1.1 <${customer}> unknown`)
    assert.deepEqual(await sender.send(mail()), { kind: 'rejected', detail: '550 5.1.1 to RCPT TO' })
  })

  it('is a result when the server does not support the characters of the address', async () => {
    const { server, sender } = await start()
    server.rejectNext(550, 'mail')
    assert.deepEqual(await sender.send(mail('änn@example.com')), { kind: 'rejected', detail: '550 to MAIL FROM' })
  })

  for (const [code, stage] of [
    [450, 'rcpt'],
    [451, 'rcpt'],
    [452, 'rcpt'],
    [451, 'data'],
  ] as const) {
    it(`is a MailDeferred error when temporary: ${code} at ${stage}`, async () => {
      const { server, sender } = await start()
      server.rejectNext(code, stage)
      await assert.rejects(sender.send(mail()), (error: Error) => {
        assert.ok(error instanceof MailDeferred, String(error))
        assert.match(error.message, new RegExp(`^deferred with ${code} to (RCPT TO|DATA)$`))
        return true
      })
      assert.deepEqual(await sender.send(mail()), { kind: 'sent' }, 'the next mail is sent')
    })
  }
})

describe('an unavailable mail server', () => {
  const { start, senderTo } = sendingTests()

  const answers: [number, Stage, RegExp, string?][] = [
    [421, 'connect', /^replied 421 to CONN$/],
    [554, 'connect', /^replied 554 to CONN$/],
    [421, 'mail', /^replied 421 to MAIL FROM$/],
    [421, 'rcpt', /^replied 421 to CONN$/],
    [421, 'data', /^replied 421 to DATA$/],
    [550, 'mail', /^replied 550 to MAIL FROM$/],
    [451, 'mail', /^replied 451 to MAIL FROM$/],
    [530, 'rcpt', /^replied 530 to RCPT TO$/],
    [452, 'data', /^replied 452 4\.3\.1 to DATA$/, '4.3.1 system full'],
  ]
  for (const [code, stage, words, text] of answers) {
    it(`is distinguished from a refusal: ${code}${text === undefined ? '' : ` ${text}`} at ${stage}`, async () => {
      const { server, sender } = await start()
      server.rejectNext(code, stage, text)
      await unavailable(sender.send(mail()), words)
      assert.deepEqual(await sender.send(mail()), { kind: 'sent' }, 'the next mail is sent')
    })
  }

  it('includes a refused login', async () => {
    const { server } = await start({}, { user: { name: 'shop', password: 'right' } })
    const sender = senderTo(server.url.replace('right', 'wrong'))
    await unavailable(sender.send(mail()), /^replied 535 to AUTH/)
  })

  it('includes an untrusted certificate', async () => {
    const { sender } = await start({}, { startTls: true })
    await unavailable(sender.send(mail()), /certificate/i)
  })

  it('includes a refused connection', async () => {
    const { server, sender } = await start()
    await server.down()
    await unavailable(sender.send(mail()), /ECONNREFUSED/)
  })

  for (const [stage, limit, words] of [
    ['connect', 'connectTimeoutMs', /Greeting never received/],
    ['mail', 'idleTimeoutMs', /Timeout/],
    ['data', 'idleTimeoutMs', /Timeout/],
  ] as const) {
    it(`includes a server that does not respond within its timeout: ${stage}`, async () => {
      const { server, sender } = await start({ [limit]: 1_000 })
      server.stallNext(stage)
      await unavailable(sender.send(mail()), words)
      assert.deepEqual(await sender.send(mail()), { kind: 'sent' }, 'the next mail is sent')
    })
  }

  it('includes a reply that never ends', async () => {
    const endless = await startEndlessGreeting()
    const url = `smtp://127.0.0.1:${portOf(endless)}`
    const sender = senderTo(url, { connectTimeoutMs: 60_000, sendTimeoutMs: 200 })
    await unavailable(sender.send(mail()), /within 200 ms/)
    endless.close()
  })

  it('leaves the outcome of a mail without a reply unknown, and sends the same mail on a retry', async () => {
    const { server, sender } = await start()
    server.cutNext('data')
    await unavailable(sender.send(mail()), /closed/)
    assert.equal(server.received.length, 1, 'no retry by itself')
    assert.deepEqual(await sender.send(mail()), { kind: 'sent' })
    assert.equal(server.received[1]?.messageId, server.received[0]?.messageId)
  })

  it('recovers on every connection when the server is available again', async () => {
    const { server, sender } = await start({ maxConnections: 2 })
    await Promise.all([sender.send(mail()), sender.send(mail())])
    await server.down()
    await unavailable(sender.send(mail()), /ECONNREFUSED/)
    await server.up()
    await Promise.all(Array.from({ length: 4 }, () => sender.send(mail())))
    assert.equal(server.received.length, 6)
  })

  it('does not include an idle connection that the server closed', async () => {
    const { server, sender } = await start()
    await sender.send(mail())
    await server.down()
    await server.up()
    assert.deepEqual(await sender.send(mail()), { kind: 'sent' })
    assert.equal(server.sessions, 2)
  })
})

async function unavailable(sending: Promise<unknown>, words: RegExp): Promise<void> {
  await assert.rejects(sending, (error: Error) => {
    assert.ok(error instanceof MailServerUnavailable, String(error))
    assert.match(error.message, words)
    assert.ok(!JSON.stringify([error.message, error.stack, error.cause]).includes(customer))
    return true
  })
}

/** A server whose greeting never ends, so that no idle timeout fires. */
async function startEndlessGreeting(): Promise<Server> {
  const endless = createServer((socket) => {
    const timer = setInterval(() => socket.write('220-wait\r\n'), 20)
    socket.on('close', () => clearInterval(timer)).on('error', () => {})
  })
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve))
  return endless
}
