import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { AckTracker } from '../../src/messaging/ack-tracker.ts'

/** The broker's unacknowledged deliveries of the channel. */
class BrokerModel {
  readonly unacknowledged = new Set<number>()

  acknowledge(tag: number, multiple: boolean): number[] {
    assert.ok(this.unacknowledged.has(tag), `tag ${tag} is acknowledged twice`)
    const settled = multiple ? [...this.unacknowledged].filter((other) => other <= tag) : [tag]
    for (const other of settled) this.unacknowledged.delete(other)
    return settled
  }
}

describe('the ack tracker', () => {
  it('returns no ack while nothing is settled', () => {
    const acks = new AckTracker()
    acks.add(1, 0)
    assert.deepEqual(acks.takeAcks(), [])
    assert.equal(acks.unsettled, 1)
  })

  it('returns one ack for all when all are settled', () => {
    const acks = new AckTracker()
    for (const tag of [1, 2, 3]) acks.add(tag, 0)
    for (const tag of [3, 1, 2]) acks.settle(tag)
    assert.deepEqual(acks.takeAcks(), [{ tag: 3, multiple: true }])
    assert.deepEqual(acks.takeAcks(), [])
  })

  it('returns single acks for tags above an unsettled one', () => {
    const acks = new AckTracker()
    for (const tag of [1, 2, 3, 4]) acks.add(tag, 0)
    for (const tag of [1, 3, 4]) acks.settle(tag)
    assert.deepEqual(acks.takeAcks(), [
      { tag: 1, multiple: false },
      { tag: 3, multiple: false },
      { tag: 4, multiple: false },
    ])
  })

  it('ignores a tag that was never added or is already settled', () => {
    const acks = new AckTracker()
    acks.add(1, 0)
    acks.settle(2)
    acks.settle(1)
    acks.settle(1)
    assert.deepEqual(acks.takeAcks(), [{ tag: 1, multiple: false }])
    acks.settle(1)
    assert.deepEqual(acks.takeAcks(), [])
  })

  it('reports the arrival of the oldest unsettled delivery', () => {
    const acks = new AckTracker()
    assert.equal(acks.oldestAt, undefined)
    acks.add(1, 100)
    acks.add(2, 200)
    assert.equal(acks.oldestAt, 100)
    acks.settle(1)
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
        const broker = new BrokerModel()
        const open: number[] = []
        const settled = new Set<number>()
        let tag = 0
        const take = (): void => {
          for (const ack of acks.takeAcks()) {
            for (const acked of broker.acknowledge(ack.tag, ack.multiple)) {
              assert.ok(settled.has(acked), `tag ${acked} is acknowledged but not settled`)
            }
          }
          assert.deepEqual(
            [...broker.unacknowledged].toSorted((a, b) => a - b),
            open.toSorted((a, b) => a - b),
          )
        }
        for (const step of sequence) {
          if (step.kind === 'deliver') {
            tag += 1
            acks.add(tag, tag)
            broker.unacknowledged.add(tag)
            open.push(tag)
          } else if (step.kind === 'settle' && open.length > 0) {
            const [done] = open.splice(step.which % open.length, 1) as [number]
            acks.settle(done)
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
