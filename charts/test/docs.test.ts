import { equal } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { charts } from './render.ts'
import { tool } from '../../tools/ci/src/go-tools.ts'
import { helmDocs } from '../../tools/ci/src/helm-docs.ts'

describe("the charts' README files", () => {
  before(function () {
    this.timeout(600_000)
    tool('helm-docs')
  })

  for (const chart of ['order-saga', 'rabbitmq', 'postgres']) {
    it(`${chart}'s is made from the comments in its values.yaml`, () => {
      const made = helmDocs(`${charts}${chart}`, '--dry-run')
      // helm-docs ends a dry run with a line break of its own.
      equal(
        readFileSync(`${charts}${chart}/README.md`, 'utf8').trimEnd(),
        made.trimEnd(),
        'make charts-docs writes it anew',
      )
    })
  }
})
