import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { Settlements } from '../../src/messaging/settlements.ts'

/** What a broker makes of acks: it knows which deliveries of the channel are still out. */
class BrokerSide {
  readonly out = new Set<number>()

  acked(tag: number, multiple: boolean): number[] {
    assert.ok(this.out.has(tag), `tag ${tag} is acknowledged although it is not out`)
    const settled = multiple ? [...this.out].filter((other) => other <= tag) : [tag]
    for (const other of settled) this.out.delete(other)
    return settled
  }
}

describe('settlements', () => {
  it('say nothing while nothing is settled', () => {
    const settlements = new Settlements()
    settlements.delivered(1, 0)
    assert.deepEqual(settlements.take(), [])
    assert.equal(settlements.unsettled, 1)
  })

  it('send one ack for all when all are settled', () => {
    const settlements = new Settlements()
    for (const tag of [1, 2, 3]) settlements.delivered(tag, 0)
    for (const tag of [3, 1, 2]) settlements.settled(tag)
    assert.deepEqual(settlements.take(), [{ tag: 3, multiple: true }])
    assert.deepEqual(settlements.take(), [])
  })

  it('send single acks for what lies above an unsettled one', () => {
    const settlements = new Settlements()
    for (const tag of [1, 2, 3, 4]) settlements.delivered(tag, 0)
    for (const tag of [1, 3, 4]) settlements.settled(tag)
    assert.deepEqual(settlements.take(), [
      { tag: 1, multiple: false },
      { tag: 3, multiple: false },
      { tag: 4, multiple: false },
    ])
  })

  it('ignore what was never delivered, or is settled already', () => {
    const settlements = new Settlements()
    settlements.delivered(1, 0)
    settlements.settled(2)
    settlements.settled(1)
    settlements.settled(1)
    assert.deepEqual(settlements.take(), [{ tag: 1, multiple: false }])
    settlements.settled(1)
    assert.deepEqual(settlements.take(), [])
  })

  it('know since when the longest held delivery is out', () => {
    const settlements = new Settlements()
    assert.equal(settlements.oldestAt, undefined)
    settlements.delivered(1, 100)
    settlements.delivered(2, 200)
    assert.equal(settlements.oldestAt, 100)
    settlements.settled(1)
    assert.equal(settlements.oldestAt, 200)
  })

  it('never acknowledge an unsettled delivery, and each settled one exactly once, in any order of completion', () => {
    const steps = fc.array(
      fc.oneof(
        fc.constant({ kind: 'deliver' as const }),
        fc.record({ kind: fc.constant('settle' as const), which: fc.nat() }),
        fc.constant({ kind: 'take' as const }),
      ),
      { maxLength: 200 },
    )
    fc.assert(
      fc.property(steps, (sequence) => {
        const settlements = new Settlements()
        const broker = new BrokerSide()
        const open: number[] = []
        const settled = new Set<number>()
        let tag = 0
        const take = (): void => {
          for (const ack of settlements.take()) {
            for (const acked of broker.acked(ack.tag, ack.multiple)) {
              assert.ok(settled.has(acked), `tag ${acked} is acknowledged but not settled`)
            }
          }
          assert.deepEqual(
            [...broker.out].toSorted((a, b) => a - b),
            open.toSorted((a, b) => a - b),
          )
        }
        for (const step of sequence) {
          if (step.kind === 'deliver') {
            tag += 1
            settlements.delivered(tag, tag)
            broker.out.add(tag)
            open.push(tag)
          } else if (step.kind === 'settle' && open.length > 0) {
            const [done] = open.splice(step.which % open.length, 1) as [number]
            settlements.settled(done)
            settled.add(done)
          } else if (step.kind === 'take') {
            take()
          }
        }
        take()
        assert.equal(settlements.unsettled, open.length)
      }),
      { numRuns: 500 },
    )
  })
})
