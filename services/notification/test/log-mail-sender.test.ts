import assert from 'node:assert/strict'
import { createLogMailSender } from '../src/mail/log-mail-sender.ts'
import { confirmed } from './causes.ts'
import { mail } from './sending.ts'

describe('the log mail sender', () => {
  it('writes one line per mail, without address or text', async () => {
    const lines: Record<string, string>[] = []
    const sender = createLogMailSender({ log: (line) => lines.push(line) })
    assert.deepEqual(await sender.send(mail()), { kind: 'sent' })
    await sender.close()
    const { eventId, orderId } = confirmed()
    assert.deepEqual(lines, [
      { msg: 'mail not sent: no mail server is configured', kind: 'confirmed', orderId, eventId },
    ])
  })
})
