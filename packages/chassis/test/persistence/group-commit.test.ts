import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { GroupCommit } from '../../src/persistence/group-commit.ts'
import { DependencyUnavailable } from '../../src/core/errors.ts'
import { turn } from '../support/turn.ts'

/** The result of each item: its value, or the message of its error. */
async function outcomes(submitted: Promise<string>[]): Promise<string[]> {
  const settled = await Promise.allSettled(submitted)
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message))
}

describe('a group commit', () => {
  /** Every group that was committed, or tried. */
  let groups: string[][]

  beforeEach(() => (groups = []))

  function committing(
    options: { limit?: number; fails?: (items: readonly string[]) => Error | undefined; random?: () => number } = {},
  ): GroupCommit<string, string> {
    const commit = async (items: readonly string[]): Promise<string[]> => {
      groups.push([...items])
      await turn()
      const error = options.fails?.(items)
      if (error !== undefined) throw error
      return items.map((item) => `${item} done`)
    }
    return new GroupCommit({ limit: options.limit ?? 100, commit, now: () => new Date(0) }, options.random)
  }

  it('starts at once, and groups later items into the next transaction', async () => {
    const subject = committing()
    const first = ['a', 'b'].map((item) => subject.submit(item))
    await turn()
    const second = ['c', 'd', 'e'].map((item) => subject.submit(item))
    assert.deepEqual(await outcomes([...first, ...second]), ['a done', 'b done', 'c done', 'd done', 'e done'])
    assert.deepEqual(groups, [
      ['a', 'b'],
      ['c', 'd', 'e'],
    ])
  })

  it('never takes more than its limit', async () => {
    const subject = committing({ limit: 2 })
    await outcomes(['a', 'b', 'c', 'd', 'e'].map((item) => subject.submit(item)))
    assert.deepEqual(groups, [['a', 'b'], ['c', 'd'], ['e']])
  })

  it('retries the items of a failed group one by one, in order, so that a bad item fails alone', async () => {
    const subject = committing({
      fails: (items) => (items.includes('bad') ? new Error('violates a rule') : undefined),
    })
    assert.deepEqual(await outcomes(['a', 'bad', 'c'].map((item) => subject.submit(item))), [
      'a done',
      'violates a rule',
      'c done',
    ])
    assert.deepEqual(groups, [['a', 'bad', 'c'], ['a'], ['bad'], ['c']])
  })

  it('fails the whole group at once when the database is unavailable', async () => {
    const subject = committing({ fails: () => new DependencyUnavailable('database', 'refused') })
    const refused = 'database is unavailable: refused'
    assert.deepEqual(await outcomes(['a', 'b'].map((item) => subject.submit(item))), [refused, refused])
    assert.deepEqual(groups, [['a', 'b']])
  })

  it('stops at the first database failure while it retries items one by one', async () => {
    const subject = committing({
      fails: (items) => {
        if (items.length > 1) return new Error('violates a rule')
        return items[0] === 'b' ? new DependencyUnavailable('database', 'refused') : undefined
      },
    })
    const refused = 'database is unavailable: refused'
    assert.deepEqual(await outcomes(['a', 'b', 'c', 'd'].map((item) => subject.submit(item))), [
      'a done',
      refused,
      refused,
      refused,
    ])
    assert.deepEqual(groups, [['a', 'b', 'c', 'd'], ['a'], ['b']])
  })

  it('commits isolated items alone and in random order, between the groups', async () => {
    const choices = [0.9, 0, 0]
    const subject = committing({ limit: 2, random: () => choices.shift() ?? 0 })
    const isolated = ['l1', 'l2', 'l3'].map((item) => subject.submit(item, { isolated: true }))
    const others = ['a', 'b', 'c'].map((item) => subject.submit(item))
    await outcomes([...isolated, ...others])
    assert.deepEqual(groups, [['l3'], ['a', 'b'], ['l1'], ['c'], ['l2']])
  })

  it('keeps neither isolated items nor others waiting, however many of the other kind keep arriving', async () => {
    const subject = committing({ limit: 1 })
    const done: string[] = []
    let left = 200
    const keepComing = async (kind: string, isolated: boolean): Promise<void> => {
      while (left > 0) {
        left -= 1
        await subject.submit(kind, { isolated })
        done.push(kind)
      }
    }
    const flood = (isolated: boolean): Promise<void>[] =>
      Array.from({ length: 20 }, () => keepComing(isolated ? 'isolated' : 'other', isolated))
    await Promise.all([...flood(true), ...flood(false)])
    const isolated = done.filter((kind) => kind === 'isolated').length
    assert.ok(isolated > 80 && isolated < 160, `${isolated} of ${done.length} were isolated`)
  })

  describe('whose transactions take 20 ms', () => {
    /** Milliseconds; a transaction takes 20 of them. */
    let clock: number
    let subject: GroupCommit<string, string>

    beforeEach(() => {
      clock = 1_000
      const commit = async (items: readonly string[]): Promise<string[]> => {
        groups.push([...items])
        await turn()
        clock += 20
        return [...items]
      }
      subject = new GroupCommit({ limit: 4, commit, now: () => new Date(clock) })
    })

    const submit = (...items: string[]): Promise<string[]> => Promise.all(items.map((item) => subject.submit(item)))
    const turns = async (): Promise<void> => {
      for (let i = 0; i < 5; i += 1) await turn()
    }

    it('delays the next transaction while several items are expected, and groups them', async () => {
      await submit('a', 'b')
      await submit('c', 'd')
      const third = submit('e')
      await turns()
      assert.deepEqual(groups, [
        ['a', 'b'],
        ['c', 'd'],
      ])
      const fourth = submit('f', 'g')
      await Promise.all([third, fourth])
      assert.deepEqual(groups.slice(2), [['e', 'f', 'g']])
    })

    it('starts at once when a whole group is waiting', async () => {
      await submit('a', 'b')
      await submit('c', 'd')
      void submit('e')
      await turns()
      void submit('f', 'g', 'h')
      await turns()
      assert.deepEqual(groups.slice(2), [['e', 'f', 'g', 'h']])
      await subject.idle()
    })

    it('starts at once when items are rare, or when they may not share', async () => {
      for (const item of ['a', 'b', 'c']) {
        clock += 100
        void submit(item)
        await turns()
        assert.deepEqual(groups.at(-1), [item])
      }
      for (const item of ['d', 'e', 'f']) {
        void subject.submit(item, { isolated: true })
        await turns()
        assert.deepEqual(groups.at(-1), [item])
      }
    })
  })

  it('is idle when nothing is waiting or running', async () => {
    const subject = committing()
    await subject.idle()
    const submitted = ['a', 'b'].map((item) => subject.submit(item))
    await subject.idle()
    assert.deepEqual(groups, [['a', 'b']])
    await Promise.all(submitted)
  })

  it('answers every item exactly once with its own result, for any failure', async () => {
    const items = fc.array(fc.record({ bad: fc.boolean(), isolated: fc.boolean(), later: fc.boolean() }), {
      maxLength: 40,
    })
    await fc.assert(
      fc.asyncProperty(items, fc.integer({ min: 1, max: 10 }), async (entries, limit) => {
        groups = []
        const committed: string[] = []
        const commit = async (group: readonly string[]): Promise<string[]> => {
          assert.ok(group.length <= limit)
          await turn()
          if (group.some((name) => name.startsWith('bad'))) throw new Error('bad')
          committed.push(...group)
          return group.map((name) => `${name} done`)
        }
        const subject = new GroupCommit<string, string>({ limit, commit, now: () => new Date(0) })
        const answers: Promise<string>[] = []
        for (const [i, { bad, isolated, later }] of entries.entries()) {
          if (later) await turn()
          const name = `${bad ? 'bad' : 'good'} ${i}`
          answers.push(subject.submit(name, { isolated }).catch((error: Error) => error.message))
        }
        assert.deepEqual(
          await Promise.all(answers),
          entries.map(({ bad }, i) => (bad ? 'bad' : `good ${i} done`)),
        )
        assert.equal(new Set(committed).size, committed.length)
        await subject.idle()
      }),
      { numRuns: 100 },
    )
  })
})
