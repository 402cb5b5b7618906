import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { ApiForTest } from './api-for-test.ts'

describe('the JSON body of a request', () => {
  let api: ApiForTest
  before(async () => {
    api = await ApiForTest.start()
  })
  after(async () => await api.close())

  async function post(body: string | Buffer, type = 'application/json'): Promise<[number, Record<string, unknown>]> {
    const options = { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(Buffer.from(body)) }
    const response = await fetch(`http://127.0.0.1:${api.port}/things`, options)
    return [response.status, (await response.json()) as Record<string, unknown>]
  }

  const taken: [string, string | Buffer, unknown][] = [
    ['the replacement character', '{"a":"\u{fffd}"}', { a: '\u{fffd}' }],
    ['a byte order mark', '\u{feff}{"a":1}', { a: 1 }],
    ["an escaped NUL, which is the schema's matter", String.raw`{"a":"\u0000"}`, { a: '\0' }],
    ['an escaped half of a character', String.raw`{"a":"\ud800"}`, { a: '\ud800' }],
    ['the same key in two objects', '[{"a":1},{"a":{"a":2}}]', [{ a: 1 }, { a: { a: 2 } }]],
    ['keys in a text', String.raw`{"a":"\"","b":"{\"a\":1,\"a\":2}","c":","}`, { a: '"', b: '{"a":1,"a":2}', c: ',' }],
    ['zeros at the end of a number', '[125.50000000000000000, 1.50e1, 0.0e9, -0]', [125.5, 15, 0, 0]],
    [
      'the shortest text of a double',
      '[0.30000000000000004, 5e-324, 1.7976931348623157e308]',
      [0.1 + 0.2, 5e-324, Number.MAX_VALUE],
    ],
    ['an integer of 16 digits', '9007199254740991', Number.MAX_SAFE_INTEGER],
  ]
  for (const [name, body, received] of taken) {
    it(`is taken with ${name}`, async () => {
      assert.deepEqual(await post(body), [200, { received }])
    })
  }

  const encodings: [string, Buffer, RegExp][] = [
    ['an invalid byte', Buffer.from('{"a":"\xff"}', 'latin1'), /must be JSON in UTF-8/],
    ['an overlong form', Buffer.from('{"a":"\xc0\xaf"}', 'latin1'), /must be JSON in UTF-8/],
    ['half of a surrogate pair', Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'), /must be JSON in UTF-8/],
    ['a character cut off', Buffer.from('{"a":"\xc3', 'latin1'), /must be JSON in UTF-8/],
    ['UTF-16 with its mark', Buffer.from('\u{feff}{"a":1}', 'utf16le'), /must be JSON in UTF-8/],
    ['UTF-16 without', Buffer.from('{"a":1}', 'utf16le'), /not well-formed JSON/],
    ['two byte order marks', Buffer.from('\u{feff}\u{feff}{}'), /not well-formed JSON/],
  ]
  for (const [name, body, detail] of encodings) {
    it(`is refused with ${name}`, async () => {
      const [status, problem] = await post(body)
      assert.equal(status, 400)
      assert.match(String(problem['detail']), detail)
    })
  }

  it('is taken in UTF-8 only', async () => {
    assert.equal((await post('{}', 'application/json; charset=UTF-8'))[0], 200)
    assert.equal((await post('{}', 'application/json; charset="utf-8"'))[0], 200)
    for (const charset of ['utf-16', 'utf-16le', 'iso-8859-1', 'utf-7', 'x']) {
      assert.equal((await post('{}', `application/json; charset=${charset}`))[0], 415, charset)
    }
  })

  const refused: [string, string, string, RegExp][] = [
    ['a key given twice', '{"a":1,"b":2,"a":1}', 'a', /must be given once/],
    ['a key given twice, once with an escape', String.raw`{"a":1,"\u0061":2}`, 'a', /must be given once/],
    ['a key given twice deep inside', '{"a":[0,[{"b":{}},{"b":1,"c":[],"b":2}]]}', 'a.1.1.b', /must be given once/],
    ['a prototype given twice', '{"__proto__":1,"__proto__":2}', '__proto__', /must be given once/],
    ['an empty key given twice', '{"":1 , "" : 2}', '(body)', /must be given once/],
    ['too large a number', '{"a":[1,1e400]}', 'a.1', /range and the precision/],
    ['too small a number', '{"a":-1e-400}', 'a', /range and the precision/],
    ['too many decimals', '{"a":125.50000000000000001}', 'a', /range and the precision/],
    ['too large an integer', '[9007199254740993]', '0', /range and the precision/],
    ['a number of 1,000 digits', `{"a":${'9'.repeat(1_000)}}`, 'a', /range and the precision/],
  ]
  for (const [name, body, field, detail] of refused) {
    it(`is refused with ${name}, and the field is named`, async () => {
      const [status, problem] = await post(body)
      assert.equal(status, 400)
      assert.equal(problem['field'], field)
      assert.match(String(problem['detail']), detail)
    })
  }

  it('is taken unchanged as JSON.stringify writes it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ stringUnit: 'binary' }), fc.constantFrom(undefined, 2), async (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        assert.deepEqual(await post(text), [200, { received: JSON.parse(text) as unknown }])
      }),
      { numRuns: 200 },
    )
  })

  it('is checked in time that grows with its length', async () => {
    const long = [
      `"${'\\\\'.repeat(32_000)}"`,
      `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
      `[${'"a",'.repeat(16_000)}1]`,
    ]
    for (const value of long) {
      const from = performance.now()
      assert.equal((await post(`{"a":${value},"a":1}`))[1]['field'], 'a')
      assert.ok(performance.now() - from < 2_000)
    }
  })
})
