import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { openApiDocument } from '@order-saga/chassis'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { stockDescription } from '../../../services/inventory/src/http/stock-description.ts'
import { createStockRouter } from '../../../services/inventory/src/http/stock.ts'
import { orderDescription } from '../../../services/order/src/http/order-description.ts'
import { createOrderRouter } from '../../../services/order/src/http/orders.ts'

/** The routers are inspected, never called, so they need no dependencies. */
const none = {} as never

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { examples: object }>> }>>
  readonly requestBody?: { readonly content: Readonly<Record<string, { examples: object }>> }
}

const apis = [
  { name: 'order', description: orderDescription, router: createOrderRouter(none) },
  { name: 'inventory', description: stockDescription, router: createStockRouter(none) },
]

for (const { name, description, router } of apis) {
  describe(`docs/api/${name}.openapi.json`, () => {
    const file = new URL(`../../../docs/api/${name}.openapi.json`, import.meta.url)
    const text = `${JSON.stringify(openApiDocument(description, false), null, 2)}\n`
    const document = JSON.parse(text) as { paths: Record<string, Record<string, Operation>> }
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
    )

    it('is the document that the service offers', () => {
      if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, text)
      const written = existsSync(file) ? readFileSync(file, 'utf8') : ''
      assert.equal(written, text, 'UPDATE_DOCS=1 npx mocha tests/system/documents/openapi.test.ts writes it anew')
    })

    it('is valid OpenAPI 3.1', async () => {
      const validator = new Validator()
      const { valid, errors } = await validator.validate(JSON.parse(text) as Record<string, unknown>)
      assert.ok(valid, JSON.stringify(errors, undefined, 2))
      assert.equal(validator.version, '3.1')
    })

    it('has every route of the service, and no other', () => {
      const routes = router.stack.flatMap(({ methods, path }) => methods.map((method) => `${method} ${String(path)}`))
      const documented = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`)
      assert.deepEqual(
        documented.filter((route) => !route.startsWith('OPTIONS ')).toSorted(),
        routes
          .filter((route) => !route.endsWith(' /openapi.json'))
          .map((route) => route.replaceAll(/:(\w+)/g, '{$1}'))
          .toSorted(),
      )
    })

    it('has an example of every status, and each example satisfies its schema', () => {
      const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
      ajv.addSchema(document, 'document')
      const pointer = (...path: string[]): string =>
        path.map((part) => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')
      let checked = 0
      for (const { path, method, operation } of operations.filter(
        (each) => !['options', 'head'].includes(each.method),
      )) {
        const contents = [
          ...Object.entries(operation.requestBody?.content ?? {}).map(([type, content]) => ({
            content,
            at: ['requestBody', 'content', type],
          })),
          ...Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
            Object.entries(content).map(([type, one]) => ({
              content: one,
              at: ['responses', status, 'content', type],
            })),
          ),
        ]
        for (const { content, at } of contents) {
          const validate = ajv.compile({ $ref: `document#${pointer('paths', path, method, ...at, 'schema')}` })
          const examples = Object.entries(content.examples as Record<string, { $ref?: string; value?: unknown }>)
          assert.ok(examples.length > 0, `${method} ${path} ${at.join(' ')}`)
          for (const [title, example] of examples) {
            if (example.$ref !== undefined) continue
            assert.ok(validate(example.value), `${method} ${path} ${title}: ${ajv.errorsText(validate.errors)}`)
            checked += 1
          }
        }
      }
      assert.ok(checked > 5)
    })
  })
}
