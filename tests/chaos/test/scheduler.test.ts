import assert from 'node:assert/strict'
import { runSchedule } from '../scheduler.ts'
import type { Fault } from '../faults.ts'

function fault(target: string, atMs: number, durationMs: number): Fault {
  return { atMs, name: 'kill', target, resource: `service ${target}`, durationMs, chance: 0 }
}

describe('the scheduler of faults', () => {
  it('overlaps faults on different resources only, and removes all of them', async () => {
    const steps: string[] = []
    const faults = [fault('order', 0, 60), fault('payment', 1, 1), fault('order', 2, 0)]
    const failed = await runSchedule({
      faults,
      inject: async ({ target, durationMs }) => {
        steps.push(`+ ${target} ${durationMs}`)
        return async () => void steps.push(`- ${target} ${durationMs}`)
      },
      report: () => undefined,
    })
    assert.deepEqual(failed, [])
    const at = (line: string): number => steps.indexOf(line)
    assert.equal(steps.length, 6, steps.join())
    assert(at('+ payment 1') < at('- order 60'), steps.join())
    assert(at('- order 60') < at('+ order 0'), steps.join())
  })

  it('reports faults that were injected, skipped or failed', async () => {
    const reported: string[] = []
    const failed = await runSchedule({
      faults: [fault('order', 0, 0), fault('payment', 0, 0), fault('inventory', 0, 0)],
      inject: async ({ target }) => {
        if (target === 'inventory') throw new Error('no such process')
        return target === 'payment' ? 'skipped' : async () => undefined
      },
      report: ({ target }, _atMs, result, reason = '') => void reported.push(`${target} ${result} ${reason}`.trim()),
    })
    assert.deepEqual(reported.toSorted(), ['inventory failed no such process', 'order injected', 'payment skipped'])
    assert.deepEqual(failed, ['kill inventory: no such process'])
  })
})
