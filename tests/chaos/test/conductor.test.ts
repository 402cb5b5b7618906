import assert from 'node:assert/strict'
import { conduct } from '../conductor.ts'
import type { Fault } from '../faults.ts'

function fault(target: string, atMs: number, forMs: number): Fault {
  return { atMs, name: 'kill', target, resource: `service ${target}`, forMs, chance: 0 }
}

describe('The conductor of faults', () => {
  it('lets faults overlap, but for those on one resource, and heals them all', async () => {
    const story: string[] = []
    const faults = [fault('order', 0, 60), fault('payment', 1, 1), fault('order', 2, 0)]
    const failed = await conduct({
      faults,
      strike: async ({ target, forMs }) => {
        story.push(`+ ${target} ${forMs}`)
        return async () => void story.push(`- ${target} ${forMs}`)
      },
      report: () => undefined,
    })
    assert.deepEqual(failed, [])
    const at = (line: string): number => story.indexOf(line)
    assert.equal(story.length, 6, story.join())
    assert(at('+ payment 1') < at('- order 60'), story.join())
    assert(at('- order 60') < at('+ order 0'), story.join())
  })

  it('reports what was struck, what was not there to strike, and what went wrong', async () => {
    const reported: string[] = []
    const failed = await conduct({
      faults: [fault('order', 0, 0), fault('payment', 0, 0), fault('inventory', 0, 0)],
      strike: async ({ target }) => {
        if (target === 'inventory') throw new Error('no such process')
        return target === 'payment' ? 'missed' : async () => undefined
      },
      report: ({ target }, _atMs, result, reason = '') => void reported.push(`${target} ${result} ${reason}`.trim()),
    })
    assert.deepEqual(reported.toSorted(), ['inventory failed no such process', 'order struck', 'payment missed'])
    assert.deepEqual(failed, ['kill inventory: no such process'])
  })
})
