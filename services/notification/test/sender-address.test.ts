import assert from 'node:assert/strict'
import { parseSenderAddress } from '../src/domain/sender-address.ts'

describe('the sender address', () => {
  const readable = [
    ['shop@example.com', { name: '', address: 'shop@example.com', domain: 'example.com' }],
    ['noreply@localhost', { name: '', address: 'noreply@localhost', domain: 'localhost' }],
    [
      ' Shop & Son <shop@mail.example.com> ',
      { name: 'Shop & Son', address: 'shop@mail.example.com', domain: 'mail.example.com' },
    ],
    ['"Shop, Inc." <shop@example.com>', { name: 'Shop, Inc.', address: 'shop@example.com', domain: 'example.com' }],
  ] as const
  for (const [text, address] of readable) {
    it(`parses ${text}`, () => assert.deepEqual(parseSenderAddress(text), address))
  }

  for (const text of [
    '',
    'shop',
    'shop@',
    '<shop@example.com',
    'shop@example.com>',
    'a@b.c, d@e.f',
    'Shop\r\nBcc: x <a@b.c>',
  ]) {
    it(`rejects ${JSON.stringify(text)}`, () => assert.throws(() => parseSenderAddress(text), RangeError))
  }
})
