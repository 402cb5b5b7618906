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
      assert.deepEqual(await sender.send(mail()), { kind: 'sent' }, 'the next mail goes through')
    })
  }

  it('keeps the enhanced code, and of the text nothing', async () => {
    const { server, sender } = await start()
    server.rejectNext(550, 'rcpt', `5.1.1 <${customer}> unknown`)
    assert.deepEqual(await sender.send(mail()), { kind: 'rejected', detail: '550 5.1.1 to RCPT TO' })
  })

  it('is a result when the letters of the address are too much for the server', async () => {
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
    it(`is an error that asks for a later try when temporary: ${code} at ${stage}`, async () => {
      const { server, sender } = await start()
      server.rejectNext(code, stage)
      await assert.rejects(sender.send(mail()), (error: Error) => {
        assert.ok(error instanceof MailDeferred, String(error))
        assert.match(error.message, new RegExp(`^deferred with ${code} to (RCPT TO|DATA)$`))
        return true
      })
      assert.deepEqual(await sender.send(mail()), { kind: 'sent' }, 'the next mail goes through')
    })
  }
})

describe('trouble of the mail server', () => {
  const { start, senderTo } = sendingTests()

  const answers: [number, Stage, RegExp, string?][] = [
    [421, 'connect', /^answered 421 to CONN$/],
    [554, 'connect', /^answered 554 to CONN$/],
    [421, 'mail', /^answered 421 to MAIL FROM$/],
    [421, 'rcpt', /^answered 421 to CONN$/],
    [421, 'data', /^answered 421 to DATA$/],
    [550, 'mail', /^answered 550 to MAIL FROM$/],
    [451, 'mail', /^answered 451 to MAIL FROM$/],
    [530, 'rcpt', /^answered 530 to RCPT TO$/],
    [452, 'data', /^answered 452 4\.3\.1 to DATA$/, '4.3.1 system full'],
  ]
  for (const [code, stage, words, text] of answers) {
    it(`is told from a refusal: ${code}${text === undefined ? '' : ` ${text}`} at ${stage}`, async () => {
      const { server, sender } = await start()
      server.rejectNext(code, stage, text)
      await unavailable(sender.send(mail()), words)
      assert.deepEqual(await sender.send(mail()), { kind: 'sent' }, 'the next mail goes through')
    })
  }

  it('includes a login that is refused', async () => {
    const { server } = await start({}, { user: { name: 'shop', password: 'right' } })
    const sender = senderTo(server.url.replace('right', 'wrong'))
    await unavailable(sender.send(mail()), /^answered 535 to AUTH/)
  })

  it('includes a certificate that nobody trusts', async () => {
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
    ['mail', 'silenceTimeoutMs', /Timeout/],
    ['data', 'silenceTimeoutMs', /Timeout/],
  ] as const) {
    it(`includes silence, which it does not bear for long: ${stage}`, async () => {
      const { server, sender } = await start({ [limit]: 200 })
      server.stallNext(stage)
      await unavailable(sender.send(mail()), words)
      assert.deepEqual(await sender.send(mail()), { kind: 'sent' }, 'the next mail goes through')
    })
  }

  it('includes an answer that trickles in and never ends', async () => {
    const trickling = await startTrickling()
    const url = `smtp://127.0.0.1:${portOf(trickling)}`
    const sender = senderTo(url, { connectTimeoutMs: 60_000, sendTimeoutMs: 200 })
    await unavailable(sender.send(mail()), /within 200 ms/)
    trickling.close()
  })

  it('leaves open whether a mail whose answer was cut off arrived, and repeats it when asked', async () => {
    const { server, sender } = await start()
    server.cutNext('data')
    await unavailable(sender.send(mail()), /closed/)
    assert.equal(server.received.length, 1, 'not repeated unasked')
    assert.deepEqual(await sender.send(mail()), { kind: 'sent' })
    assert.equal(server.received[1]?.messageId, server.received[0]?.messageId)
  })

  it('is over for every connection once the server is back', async () => {
    const { server, sender } = await start({ maxConnections: 2 })
    await Promise.all([sender.send(mail()), sender.send(mail())])
    await server.down()
    await unavailable(sender.send(mail()), /ECONNREFUSED/)
    await server.up()
    await Promise.all(Array.from({ length: 4 }, () => sender.send(mail())))
    assert.equal(server.received.length, 6)
  })

  it('is no trouble when the server dropped an idle connection', async () => {
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

/** Greets without end, a line at a time, so that no silence ever shows. */
async function startTrickling(): Promise<Server> {
  const trickling = createServer((socket) => {
    const drip = setInterval(() => socket.write('220-wait\r\n'), 20)
    socket.on('close', () => clearInterval(drip)).on('error', () => {})
  })
  await new Promise<void>((resolve) => trickling.listen(0, '127.0.0.1', resolve))
  return trickling
}
