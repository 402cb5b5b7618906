import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { AckTracker } from '../../src/messaging/ack-tracker.ts'

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

describe('the ack tracker', () => {
  it('has nothing to send while nothing is settled', () => {
    const acks = new AckTracker()
    acks.delivered(1, 0)
    assert.deepEqual(acks.take(), [])
    assert.equal(acks.unsettled, 1)
  })

  it('gives one ack for all when all are settled', () => {
    const acks = new AckTracker()
    for (const tag of [1, 2, 3]) acks.delivered(tag, 0)
    for (const tag of [3, 1, 2]) acks.settled(tag)
    assert.deepEqual(acks.take(), [{ tag: 3, multiple: true }])
    assert.deepEqual(acks.take(), [])
  })

  it('gives single acks for what lies above an unsettled one', () => {
    const acks = new AckTracker()
    for (const tag of [1, 2, 3, 4]) acks.delivered(tag, 0)
    for (const tag of [1, 3, 4]) acks.settled(tag)
    assert.deepEqual(acks.take(), [
      { tag: 1, multiple: false },
      { tag: 3, multiple: false },
      { tag: 4, multiple: false },
    ])
  })

  it('ignores a tag that was never delivered, or is settled already', () => {
    const acks = new AckTracker()
    acks.delivered(1, 0)
    acks.settled(2)
    acks.settled(1)
    acks.settled(1)
    assert.deepEqual(acks.take(), [{ tag: 1, multiple: false }])
    acks.settled(1)
    assert.deepEqual(acks.take(), [])
  })

  it('knows the arrival of the oldest unsettled delivery', () => {
    const acks = new AckTracker()
    assert.equal(acks.oldestAt, undefined)
    acks.delivered(1, 100)
    acks.delivered(2, 200)
    assert.equal(acks.oldestAt, 100)
    acks.settled(1)
    assert.equal(acks.oldestAt, 200)
  })

  it('never acknowledges an unsettled delivery, and each settled one exactly once, in any order of completion', () => {
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
        const acks = new AckTracker()
        const broker = new BrokerSide()
        const open: number[] = []
        const settled = new Set<number>()
        let tag = 0
        const take = (): void => {
          for (const ack of acks.take()) {
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
            acks.delivered(tag, tag)
            broker.out.add(tag)
            open.push(tag)
          } else if (step.kind === 'settle' && open.length > 0) {
            const [done] = open.splice(step.which % open.length, 1) as [number]
            acks.settled(done)
            settled.add(done)
          } else if (step.kind === 'take') {
            take()
          }
        }
        take()
        assert.equal(acks.unsettled, open.length)
      }),
      { numRuns: 500 },
    )
  })
})
