// needs: own-servers
// slow: 25 seeds of the simulation, and four defects found by more
import assert from 'node:assert/strict'
import { runSimulation } from './run-simulation.ts'

describe('The simulation, with many seeds,', function () {
  this.timeout(600_000)

  it('satisfies every invariant under random faults', async () => {
    const { code, output } = await runSimulation({ SEEDS: '1..25', ORDERS: '40' })
    assert.equal(code, 0, output)
    assert.match(output, /^Seeds 1 to 25: every promise kept\. 1000 sagas, \d{3,} faults/m)
    for (const end of ['completed', 'cancelled, compensation', 'cancelled, payment_failed', 'timeout_cancelled']) {
      assert(output.includes(end), output)
    }
  })

  // The system recovers most lost effects, so several orders are needed to lose one that it cannot recover.
  for (const [defect, faults, broken] of [
    ['early-ack', 'crash', /events: published, and neither processed by/],
    ['early-confirm', 'broker', /events: published, and neither processed by/],
    ['early-claim', 'database,crash', /stock: |money: /],
  ] as const) {
    it(`finds the defect ${defect}`, async () => {
      const found = await runSimulation({
        SEEDS: '1..100',
        ORDERS: '40',
        FAULTS: faults,
        MISTAKE: defect,
        SHRINK: 'no',
      })
      assert.equal(found.code, 1, found.output)
      assert.match(found.output, broken)
    })
  }

  it('finds a charge without a key, makes the run smaller, and says how to repeat it', async () => {
    const broken = /=> money: charged or refunded at the provider for an order that does not exist/
    const found = await runSimulation({ SEEDS: '1..50', ORDERS: '12', MISTAKE: 'no-charge-key' })
    assert.equal(found.code, 1, found.output)
    assert.match(found.output, broken)
    const [first = '', smaller = ''] = [...found.output.matchAll(/make simulate (.+)$/gm)].map(([, words]) => words)
    assert.notEqual(first, smaller)
    const settings = smaller.split(' ').map((word) => word.split('=') as [string, string])
    const again = await runSimulation({ ...Object.fromEntries(settings), SHRINK: 'no' })
    assert.equal(again.code, 1, again.output)
    assert.match(again.output, /^ {2}money: charged or refunded at the provider for an order that does not exist/m)
  })

  it('ends with 2 when a setting is wrong', async () => {
    const { code, output } = await runSimulation({ SEEDS: '9..1' })
    assert.equal(code, 2)
    assert.match(output, /^SEEDS must be .*"9\.\.1"\.\n$/)
  })
})
