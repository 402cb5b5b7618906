import assert from 'node:assert/strict'
import { isFinal, newSaga, sagaStatuses } from '../../src/domain/saga.ts'

describe('The statuses of a saga', () => {
  it('begin with pending, without a reason and without a refund', () => {
    const { status, reason, compensation } = newSaga
    assert.deepEqual([status, reason, compensation], ['pending', null, 'none'])
  })

  it('are final when the order is confirmed or cancelled', () => {
    assert.deepEqual(sagaStatuses.filter(isFinal), ['completed', 'cancelled', 'timeout_cancelled'])
  })
})
