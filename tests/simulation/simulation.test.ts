// needs: own-servers
import assert from 'node:assert/strict'
import { runSimulation } from './run-simulation.ts'

describe('The simulation', function () {
  this.timeout(240_000)

  it('satisfies every invariant under random faults, and takes the same steps again for the same seed', async () => {
    const { code, output } = await runSimulation({ SEEDS: '1..2', ORDERS: '8' })
    assert.equal(code, 0, output)
    assert.match(output, /^Seeds 1 to 2: every promise kept\. 16 sagas, \d{2,} faults/m)
    const [first, second, ...others] = interleavings(output)
    assert(first !== undefined && second !== undefined && first !== second && others.length === 0, output)
    // Alone: the steps of a seed depend on no seed before it.
    const again = await runSimulation({ SEEDS: '2', ORDERS: '8' })
    assert.deepEqual(interleavings(again.output), [second], again.output)
  })
})

function interleavings(output: string): string[] {
  return [...output.matchAll(/^Seed \d+: \d+ faults, interleaving ([0-9a-f]{16})$/gm)].map(([, hash]) => hash ?? '')
}
