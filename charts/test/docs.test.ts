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
    it(`of ${chart} equals the output of helm-docs`, () => {
      const generated = helmDocs(`${charts}${chart}`, '--dry-run')
      // helm-docs appends a line break in a dry run.
      equal(readFileSync(`${charts}${chart}/README.md`, 'utf8').trimEnd(), generated.trimEnd(), 'run make charts-docs')
    })
  }
})
