import assert from 'node:assert/strict'
import { mintedAt, mintedFrom } from '../src/audit/event-age.ts'

const at = new Date('2026-03-01T10:20:30.123Z')

describe("an event's age", () => {
  it('is in its id', () => {
    assert.deepEqual(mintedAt('019ca8b9-d76b-7abc-8def-0123456789ab'), new Date(0x019ca8b9d76b))
    assert.deepEqual(mintedAt(mintedFrom(at).replace('-0000-0000', '-7fff-8fff')), at)
  })

  it('is not in the id of another kind', () => {
    assert.equal(mintedAt('0190a000-0000-4000-8000-00000000000e'), undefined)
  })

  it('has an id before all others of that moment and after all of the one before', () => {
    const from = mintedFrom(at)
    assert.match(from, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    assert.ok(from < `${from.slice(0, 14)}7000-8000-000000000000`)
    assert.ok(from > mintedFrom(new Date(at.getTime() - 1)).replace('0000-0000-000000000000', '7fff-bfff-ffffffffffff'))
  })
})
