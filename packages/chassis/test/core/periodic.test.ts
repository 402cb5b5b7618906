import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { waitUntil } from '@order-saga/dev'
import { DependencyUnavailable } from '../../src/core/errors.ts'
import { Periodic } from '../../src/core/periodic.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { turn } from '../support/turn.ts'

describe('a periodic task', () => {
  it('runs repeatedly, and its runs never overlap', async () => {
    let runs = 0
    let running = 0
    let most = 0
    const work = async (): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running -= 1
      runs += 1
    }
    const task = new Periodic('count', 1, work, recordedLog().log)
    task.start()
    await waitUntil(() => runs >= 3, { what: 'three runs', limitMs: 2_000, intervalMs: 1 })
    await task.stop()
    assert.equal(most, 1)
  })

  it('continues after a failure, also a synchronous one, and logs it', async () => {
    let runs = 0
    const { log, lines } = recordedLog()
    const work = (): Promise<void> => {
      runs += 1
      if (runs === 1) throw new Error('thrown')
      if (runs === 2) return Promise.reject(new Error('rejected'))
      if (runs === 3) return Promise.reject(new DependencyUnavailable('database', 'refused'))
      return Promise.resolve()
    }
    const task = new Periodic('clean-up', 1, work, log)
    task.start()
    await waitUntil(() => runs >= 4, { what: 'four runs', limitMs: 2_000, intervalMs: 1 })
    await task.stop()
    assert.deepEqual(
      lines.map(({ level, task: name, reason }) => ({ level, name, reason })),
      [
        { level: 'error', name: 'clean-up', reason: 'thrown' },
        { level: 'error', name: 'clean-up', reason: 'rejected' },
        { level: 'debug', name: 'clean-up', reason: 'database is unavailable: refused' },
      ],
    )
  })

  describe('that is stopped', () => {
    beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))

    afterEach(() => mock.timers.reset())

    it('waits for the run in progress, and starts no other', async () => {
      let finish: (() => void) | undefined
      let runs = 0
      const work = async (): Promise<void> => {
        runs += 1
        await new Promise<void>((resolve) => (finish = resolve))
      }
      const task = new Periodic('slow', 10, work, recordedLog().log)
      task.start()
      mock.timers.tick(0)
      await turn()
      let stopped = false
      const stop = task.stop().then(() => (stopped = true))
      await turn()
      assert.equal(stopped, false)
      finish?.()
      await stop
      mock.timers.tick(100)
      await turn()
      assert.equal(runs, 1)
    })

    it('does not start again', async () => {
      let runs = 0
      const work = (): Promise<void> => {
        runs += 1
        return Promise.resolve()
      }
      const task = new Periodic('late', 10, work, recordedLog().log)
      await task.stop()
      task.start()
      mock.timers.tick(100)
      await turn()
      assert.equal(runs, 0)
    })
  })
})
