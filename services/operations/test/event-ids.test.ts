import assert from 'node:assert/strict'
import { lowestIdAt } from '../src/audit/orphans.ts'

describe("an event's age", () => {
  it('bounds the ids created since, and excludes earlier ones', () => {
    const from = lowestIdAt(new Date(0x019ca8b9d76b))
    assert.equal(from, '019ca8b9-d76b-0000-0000-000000000000')
    assert.ok(from < '019ca8b9-d76b-7000-8000-000000000000')
    assert.ok(from > '019ca8b9-d76a-7fff-bfff-ffffffffffff')
  })
})
