import assert from 'node:assert/strict'
import { OrderCreated } from '@order-saga/contracts'
import { oldestReaderOf } from '../../src/persistence/outbox.ts'

const compatible = { ...OrderCreated, version: 3, oldestReader: 2 }
const breaking = { ...OrderCreated, version: 3, oldestReader: 3 }

describe('The oldest reader of a published event', () => {
  it('is named when it is older than the version', () => {
    assert.deepEqual(oldestReaderOf(compatible, 3), { oldestReader: 2 })
    assert.deepEqual(oldestReaderOf(breaking, 3), {})
  })

  it('is unknown for a version or an event of another release', () => {
    assert.deepEqual(oldestReaderOf(compatible, 4), {})
    assert.deepEqual(oldestReaderOf(undefined, 3), {})
  })
})
