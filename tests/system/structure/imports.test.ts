import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'oxc-parser'
import { rules } from './import-rules.ts'
import { importsOf, packages, root, sourceFiles } from './read-imports.ts'

describe('the structure of the source code', () => {
  const files = sourceFiles()
  const imports = files.flatMap((file) => importsOf(file))

  it('is read from every package, and from the charts and migrations', () => {
    for (const folder of [...packages.keys(), 'charts/test', 'migrations']) {
      assert.ok(
        files.some((file) => file.startsWith(`${folder}/`)),
        folder,
      )
    }
    assert.deepEqual(importsOf('packages/chassis/src/messaging/message.ts')[0], {
      file: 'packages/chassis/src/messaging/message.ts',
      specifier: '@order-saga/contracts',
      target: 'packages/contracts/src/index.ts',
      names: ['checkerOf', 'Envelope', 'EnvelopeSchema', 'EventType', 'instantOf'],
      isTypeOnly: false,
    })
    assert.ok(
      imports.every(({ target }) => target === undefined || files.includes(target)),
      'each import of ours exists',
    )
  })

  for (const { title, violates, example } of rules) {
    it(title, () => {
      assert.ok(importsOf(...example).some(violates), 'an import that violates the rule is found')
      const broken = imports.filter(violates).map(({ file, specifier, names }) => ({ file, specifier, names }))
      assert.deepEqual(broken, [])
    })
  }

  describe('chassis', () => {
    /** The envelope's ids, names of the specification, the name of the system, the claim's setting, and the order of things. */
    const allowed =
      /AUTH_CUSTOMER_CLAIM|'customer_id'|(?:order|saga)_?Id|order\.topic|ORDER_EXCHANGE|order[-_]saga|ORDER BY|inOrder/gi
    const business = /order|saga|payment|inventory|notification|customer|refund|charge|stock|reserv|compensat/i

    it("contains no business term except the envelope's orderId and sagaId", () => {
      const found = files
        .filter((file) => file.startsWith('packages/chassis/src/'))
        .flatMap((file) => {
          const lines = withoutComments(file).replaceAll(allowed, '').split('\n')
          return lines.flatMap((line, i) => (business.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []))
        })
      assert.deepEqual(found, [])
    })
  })
})

function withoutComments(file: string): string {
  const text = readFileSync(join(root, file), 'utf8')
  let code = text
  for (const { start, end } of parseSync(file, text).comments) {
    code = code.slice(0, start) + text.slice(start, end).replaceAll(/[^\n]/g, ' ') + code.slice(end)
  }
  return code
}
