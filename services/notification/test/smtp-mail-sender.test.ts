import assert from 'node:assert/strict'
import { MailServerUnavailable } from '../src/mail/mail-sender.ts'
import { customer, mail, sendingTests } from './sending.ts'

describe('sending through a mail server', () => {
  const { start } = sendingTests()

  it('delivers the composed mail', async () => {
    const { server, sender } = await start()
    assert.deepEqual(await sender.send(mail()), { kind: 'sent' })
    const [received] = server.received
    assert.deepEqual(
      { ...received, headers: undefined, raw: undefined },
      {
        from: 'shop@example.com',
        to: [customer],
        user: undefined,
        messageId: '<0190a000-0000-7000-8000-00000000000e@example.com>',
        subject: 'Your order 0190a000-0000-7000-8000-00000000000d is confirmed',
        text: mail().text,
        headers: undefined,
        raw: undefined,
      },
    )
    assert.deepEqual(received?.headers.get('from'), ['Shop <shop@example.com>'])
    assert.deepEqual(received?.headers.get('to'), [customer])
    assert.deepEqual(received?.headers.get('date'), ['Sun, 01 Mar 2026 10:20:30 +0000'])
    assert.deepEqual(received?.headers.get('auto-submitted'), ['auto-generated'])
  })

  it('sends an identical mail for the same event', async () => {
    const { server, sender } = await start()
    await sender.send(mail())
    await sender.send(mail())
    assert.equal(server.received.length, 2)
    assert.equal(server.received[0]?.raw, server.received[1]?.raw)
  })

  it('reuses at most maxConnections connections', async () => {
    const { server, sender } = await start({ maxConnections: 2 })
    await Promise.all(Array.from({ length: 20 }, () => sender.send(mail())))
    assert.equal(server.received.length, 20)
    assert.equal(server.sessions, 2)
  })

  for (const user of [
    { name: 'shop', password: 'p@ss/word' },
    { name: 'jürgen', password: 'pä:ss/w@rd#%' },
  ]) {
    it(`logs in as ${user.name} with a percent-encoded password`, async () => {
      const { server, sender } = await start({}, { user })
      await sender.send(mail())
      assert.equal(server.received[0]?.user, user.name)
    })
  }

  it('waits for mails in flight before it closes, and rejects new ones', async () => {
    const { server, sender } = await start()
    const sending = sender.send(mail())
    const closing = sender.close()
    await assert.rejects(sender.send(mail()), MailServerUnavailable)
    await closing
    assert.equal(server.received.length, 1)
    assert.deepEqual(await sending, { kind: 'sent' })
  })

  for (const address of [
    'ann@example.com\r\nBcc: eve@example.com',
    'ann@example.com>\r\nRCPT TO:<eve@example.com',
    'ann@example.com, eve@example.com',
    'Ann <ann@example.com>',
    'ann\u0000@example.com',
    'ann',
    '',
  ]) {
    it(`rejects the address ${JSON.stringify(address)} without connecting to the server`, async () => {
      const { server, sender } = await start()
      assert.deepEqual(await sender.send(mail(address)), { kind: 'rejected', detail: 'malformed address' })
      assert.equal(server.sessions, 0)
    })
  }

  it('adds no header because of a line break in another field', async () => {
    const { server, sender } = await start()
    const injected = 'x\r\nBcc: eve@example.com'
    await sender.send({ ...mail(), subject: injected, messageId: `<${injected}@example.com>` })
    assert.deepEqual(server.received[0]?.to, [customer])
    assert.equal(server.received[0]?.headers.get('bcc'), undefined)
  })
})
