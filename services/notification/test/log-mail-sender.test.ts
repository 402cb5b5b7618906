import assert from 'node:assert/strict'
import { logMailSender } from '../src/mail/log-mail-sender.ts'
import { confirmed } from './causes.ts'
import { mail } from './sending.ts'

describe('logging in place of sending', () => {
  it('writes one line per mail, without address or text', async () => {
    const lines: Record<string, string>[] = []
    const sender = logMailSender({ log: (line) => lines.push(line) })
    assert.deepEqual(await sender.send(mail()), { kind: 'sent' })
    await sender.close()
    const { eventId, orderId } = confirmed()
    assert.deepEqual(lines, [{ msg: 'mail not sent: there is no mail server', kind: 'confirmed', orderId, eventId }])
  })
})
