// needs: own-servers
import assert from 'node:assert/strict'
import { runSimulation } from './run-simulation.ts'

describe('The simulation', function () {
  this.timeout(120_000)

  it('satisfies every invariant under random faults', async () => {
    const { code, output } = await runSimulation({ SEEDS: '1..2', ORDERS: '20' })
    assert.equal(code, 0, output)
    assert.match(output, /^Seeds 1 to 2: every promise kept\. 40 sagas, \d{2,} faults/)
  })
})
