import assert from 'node:assert/strict'
import { assertUnambiguous } from '../../src/cli/locks.ts'

describe('saga locks --cancel', () => {
  it('requires --service where servers have the same process id', () => {
    const [order, payment, inventory] = [
      { store: 'order', pid: 12 },
      { store: 'payment', pid: 7 },
      { store: 'inventory', pid: 12 },
    ] as const
    assert.doesNotThrow(() => assertUnambiguous([order, payment]))
    assert.throws(() => assertUnambiguous([order, payment, inventory]), {
      message: 'The databases of order and inventory have a session 12 each: give --service',
    })
  })
})
