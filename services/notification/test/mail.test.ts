import assert from 'node:assert/strict'
import { composeMail } from '../src/domain/mail.ts'
import { cancelled, confirmed, refunded } from './causes.ts'

describe('the mail for an event', () => {
  it('confirms an order with its items and amount', () => {
    assert.deepEqual(composeMail(confirmed(), 'shop.example'), {
      kind: 'confirmed',
      eventId: '0190a000-0000-7000-8000-00000000000e',
      orderId: '0190a000-0000-7000-8000-00000000000d',
      messageId: '<0190a000-0000-7000-8000-00000000000e@shop.example>',
      to: 'ann@example.com',
      date: new Date('2026-03-01T10:20:30.000Z'),
      subject: 'Your order 0190a000-0000-7000-8000-00000000000d is confirmed',
      text: [
        'Hello,',
        '',
        'Thank you for your order. It is confirmed, and we are getting it ready.',
        '',
        'Order:  0190a000-0000-7000-8000-00000000000d',
        'Amount: 49.90 EUR',
        'Items:',
        '  2 x A1',
        '  1 x TEA POT',
        '',
        'Kind regards',
        '',
      ].join('\n'),
    })
  })

  for (const [sku, shown] of [
    ['SKU_1-a B', 'SKU_1-a B'],
    ['https://evil.example/a?b=c', String.raw`https\:\/\/evil\.example\/a\?b\=c`],
    ['www.evil.example', String.raw`www\.evil\.example`],
    ['ann@evil.example', String.raw`ann\@evil\.example`],
    ['<a href=x>&\\', String.raw`\<a href\=x\>\&\\`],
    ['S'.repeat(32), 'S'.repeat(32)],
    ['S'.repeat(64), `${'S'.repeat(32)} (shortened)`],
  ] as const) {
    it(`shows the SKU ${sku} as a short text without a link`, () => {
      const { payload, ...cause } = confirmed()
      const mail = composeMail({ ...cause, payload: { ...payload, items: [{ sku, qty: 2 }] } }, 'shop.example')
      assert.ok(mail?.text.includes(`\n  2 x ${shown}\n`), mail?.text)
    })
  }

  const reasons = [
    ['payment_failed', /payment did not go through.*You have not been charged/s],
    ['compensation', /could not supply the goods.*has been refunded or will be refunded/s],
    ['timeout', /could not complete your order in time.*the whole amount will be refunded/s],
    ['a_newer_reason', /We have cancelled your order.*has been refunded or will be refunded/s],
    ['constructor', /We have cancelled your order/],
  ] as const
  for (const [reason, words] of reasons) {
    it(`states the reason of a cancellation: ${reason}`, () => {
      const mail = composeMail(cancelled(reason), 'shop.example')
      assert.equal(mail?.kind, 'cancelled')
      assert.match(mail.subject, /was cancelled$/)
      assert.match(mail.text, words)
      assert.match(mail.text, /0190a000-0000-7000-8000-00000000000d.*49\.90 EUR.*2 x A1/s)
      assert.ok(!mail.text.includes(reason))
    })
  }

  it('states the amount of a refund unchanged', () => {
    const mail = composeMail(refunded({ amount: '123456789012.3400' }), 'shop.example')
    assert.equal(mail?.kind, 'refunded')
    assert.match(mail.text, /refunded 123456789012\.3400 EUR/)
  })

  for (const amount of ['0', '0.00', '0.0000']) {
    it(`is not composed for a refund of ${amount}`, () =>
      assert.equal(composeMail(refunded({ amount }), 'shop.example'), undefined))
  }

  it('is composed for the smallest refund', () => {
    assert.match(composeMail(refunded({ amount: '0.01' }), 'shop.example')?.text ?? '', /0\.01 EUR/)
  })

  it('is not composed for a refund without an address', () => {
    assert.equal(composeMail(refunded({ customerEmail: undefined }), 'shop.example'), undefined)
  })
})
