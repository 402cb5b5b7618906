import assert from 'node:assert/strict'
import { waitUntil } from '@order-saga/local'
import { type MailServer, startMailServer } from '../../../notification/test/mail-server.ts'
import type { ReceivedMail } from '../../../notification/test/received-mail.ts'
import { RunningSystem } from '../../harness/running-system.ts'

describe('the customer', function () {
  this.timeout(120_000)
  let system: RunningSystem
  let mails: MailServer

  before(async () => {
    mails = await startMailServer()
    const env = { SMTP_URL: mails.url, MAIL_FROM: 'Shop <orders@shop.example>' }
    system = await RunningSystem.start({ env: { SAGA_TIMEOUT_MS: '2000' }, envOf: { notification: env } })
  })
  after(async () => {
    await system?.stop()
    await mails.stop()
  })
  afterEach(() => system.assertClean())

  /** The mails to one address, once there are so many. */
  async function mailsTo(address: string, count: number): Promise<ReceivedMail[]> {
    const to = (): ReceivedMail[] => mails.received.filter((mail) => mail.to.includes(address))
    await waitUntil(() => to().length >= count, {
      what: `${count} mails to ${address}`,
      limitMs: 20_000,
      state: () => to().map(({ subject }) => subject),
    })
    await system.settle()
    return to()
  }

  it('is told once that the order is confirmed, under the id of the event', async () => {
    const { sagaId, orderId } = await system.order({ customerEmail: 'happy@example.com' })
    const [mail, ...others] = await mailsTo('happy@example.com', 1)
    assert.equal(others.length, 0)
    const { history } = await system.saga(sagaId)
    const eventId = history.find(({ event }) => event === 'order.confirmed')?.eventId
    assert.equal(mail?.messageId, `<${eventId}@shop.example>`)
    assert.match(mail.text, new RegExp(orderId))
    assert.match(mail.text, /12\.50/)
  })

  it('is told in plain words why the order was cancelled', async () => {
    await system.order({ customerEmail: 'decline@example.com' })
    const [mail] = await mailsTo('decline@example.com', 1)
    assert.match(mail?.text ?? '', /payment did not go through/)
  })

  it('is told of the refund and of the cancellation when there is no stock', async () => {
    await system.order({ customerEmail: 'unlucky@example.com', items: [{ sku: 'SIM-NONE', qty: 1 }] })
    const texts = (await mailsTo('unlucky@example.com', 2)).map(({ text }) => text)
    assert.equal(texts.length, 2)
    assert.ok(
      texts.some((text) => /could not supply/.test(text)),
      texts.join('\n'),
    )
    assert.ok(
      texts.some((text) => /USD 12\.50|12\.50 USD/.test(text)),
      texts.join('\n'),
    )
  })

  it('is told of the missed deadline', async () => {
    system.services.payment.pause()
    const { sagaId } = await system.order({ customerEmail: 'waiting@example.com' })
    await system.sagaBecomes(sagaId, { status: 'timeout_cancelled' })
    system.services.payment.resume()
    const [mail] = await mailsTo('waiting@example.com', 1)
    assert.match(mail?.text ?? '', /in time/)
  })

  it('gets every mail after the mail server was away, and none is lost', async () => {
    await mails.down()
    const addresses = Array.from({ length: 10 }, (_, i) => `patient${i}@example.com`)
    const sagas = await Promise.all(addresses.map((customerEmail) => system.order({ customerEmail })))
    await Promise.all(sagas.map(({ sagaId }) => system.sagaBecomes(sagaId, { status: 'completed' })))
    await waitUntil(async () => (await system.services.notification.metric('event_consumed_total', 'retried')) === 0, {
      what: 'no mail to be counted as tried',
      limitMs: 5_000,
    })
    await mails.up()
    for (const address of addresses) assert.equal((await mailsTo(address, 1)).length, 1)
  })
})
