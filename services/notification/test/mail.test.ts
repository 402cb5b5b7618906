import assert from 'node:assert/strict'
import { mailFor } from '../src/domain/mail.ts'
import { cancelled, confirmed, refunded } from './causes.ts'

describe('the mail for an event', () => {
  it('confirms an order with its items and amount', () => {
    assert.deepEqual(mailFor(confirmed(), 'shop.example'), {
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

  const reasons = [
    ['payment_failed', /payment did not go through.*You have not been charged/s],
    ['compensation', /could not supply the goods.*has been given back or is on its way back/s],
    ['timeout', /could not complete your order in time.*the whole amount is given back/s],
  ] as const
  for (const [reason, words] of reasons) {
    it(`says in plain words why an order was cancelled: ${reason}`, () => {
      const mail = mailFor(cancelled(reason), 'shop.example')
      assert.equal(mail?.kind, 'cancelled')
      assert.match(mail.subject, /was cancelled$/)
      assert.match(mail.text, words)
      assert.match(mail.text, /0190a000-0000-7000-8000-00000000000d.*49\.90 EUR.*2 x A1/s)
      assert.ok(!mail.text.includes(reason))
    })
  }

  it('tells of a refund with its amount, unchanged', () => {
    const mail = mailFor(refunded({ amount: '123456789012.3400' }), 'shop.example')
    assert.equal(mail?.kind, 'refunded')
    assert.match(mail.text, /given back 123456789012\.3400 EUR/)
  })

  for (const amount of ['0', '0.00', '0.0000']) {
    it(`says nothing of a refund of ${amount}`, () =>
      assert.equal(mailFor(refunded({ amount }), 'shop.example'), undefined))
  }

  it('tells of the smallest refund', () => {
    assert.match(mailFor(refunded({ amount: '0.01' }), 'shop.example')?.text ?? '', /0\.01 EUR/)
  })

  it('says nothing of a refund without an address', () => {
    assert.equal(mailFor(refunded({ customerEmail: undefined }), 'shop.example'), undefined)
  })
})
