import assert from 'node:assert/strict'
import { OrderCreated } from '../src/index.ts'
import { isMailAddress } from '../src/mail-address.ts'

const accepted = [
  'a@example.com',
  "!#$%&'*+-/=?^_`{|}~@example.com",
  'a.b.c@a-b.example.co',
  'zoë@example.com',
  '用户@xn--fsqu00a.com',
  `${'a'.repeat(64)}@example.com`,
  `${'ü'.repeat(32)}@example.com`,
  `a@${'b'.repeat(63)}.com`,
  `a@${'b.'.repeat(124)}com`,
  'a@1.2.3.c4',
]

const refused: [string, string][] = [
  ['nothing', ''],
  ['no @', 'user'],
  ['two @', 'a@b@example.com'],
  ['no local part', '@example.com'],
  ['no domain', 'a@'],
  ['one label', 'a@localhost'],
  ['65 octets of a local part', `${'a'.repeat(65)}@example.com`],
  ['65 octets in 33 characters', `${'ü'.repeat(32)}a@example.com`],
  ['255 octets', `a@${'b.'.repeat(125)}com`],
  ['255 octets in 254 characters', `üa@${'b.'.repeat(124)}com`],
  ['a label of 64 octets', `a@${'b'.repeat(64)}.com`],
  ['a label that begins with a hyphen', 'a@-b.com'],
  ['a label that ends with a hyphen', 'a@b-.com'],
  ['a hyphen alone', 'a@-.com'],
  ['an empty label', 'a@b..com'],
  ['a dot before the domain', 'a@.b.com'],
  ['a dot after the domain', 'a@b.com.'],
  ['an underscore in the domain', 'a@b_c.com'],
  ['a domain in Unicode', 'a@exämple.com'],
  ['an IP address', 'a@127.0.0.1'],
  ['an address literal', 'a@[127.0.0.1]'],
  ['a dot first', '.a@example.com'],
  ['a dot last', 'a.@example.com'],
  ['two dots', 'a..b@example.com'],
  ['a quoted string', '"a b"@example.com'],
  ['a space', 'a b@example.com'],
  ['a space in front', ' a@example.com'],
  ['a no-break space', 'a\u{a0}b@example.com'],
  ['a line break', 'a\r\nb@example.com'],
  ['a line break at the end', 'a@example.com\n'],
  ['a NUL', 'a\0@example.com'],
  ['an invisible character', 'a\u{202e}b@example.com'],
  ['half of a character', 'a\ud800@example.com'],
  ['a list', 'a@example.com,b@example.com'],
  ['a name', 'A <a@example.com>'],
]

describe('an e-mail address', () => {
  const { check } = OrderCreated
  const payload = {
    items: [{ sku: 'A', qty: 1 }],
    amount: '1.00',
    currency: 'USD',
    deadline: '2026-01-01T00:00:00.000Z',
  }

  for (const address of accepted) {
    it(`may be ${address.slice(0, 40)}`, () => {
      assert.ok(isMailAddress(address))
      assert.ok(check({ ...payload, customerEmail: address }).ok)
    })
  }
  for (const [name, address] of refused) {
    it(`must not have ${name}, at the API and in an event`, () => {
      assert.ok(!isMailAddress(address))
      const checked = check({ ...payload, customerEmail: address })
      assert.deepEqual(checked, {
        ok: false,
        problem: { field: 'customerEmail', message: 'must be a well-formed e-mail address' },
      })
    })
  }
})
