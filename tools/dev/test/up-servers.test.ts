// needs: own-servers
// slow: the life cycle of make up on servers of its own
import assert from 'node:assert/strict'
import { isRunning } from '../src/process-tree.ts'
import type { RunState } from '../src/run-state.ts'
import { waitUntil } from '../src/wait-until.ts'
import { nothingLeft, FakeServices } from './fake-services.ts'
import type { UpRun } from './fake-services.ts'

function pidsOf(state: RunState | undefined): number[] {
  return state?.processes.map(({ pid }) => pid!) ?? []
}

describe('make up with servers of its own', function () {
  // Each starts several processes, on a machine that may be busy with others.
  this.timeout(90_000)

  let fakes: FakeServices
  let run: UpRun

  beforeEach(async () => {
    fakes = await FakeServices.create({})
    run = await fakes.run()
  })

  afterEach(async () => {
    await run.end()
    try {
      await nothingLeft(fakes, [])
    } finally {
      await fakes.remove()
    }
  })

  it('starts a killed server again with its port, and stops services before servers', async () => {
    await run.saying(/Everything runs/)
    const { addresses } = (await run.state)!
    for (const name of ['postgres', 'rabbitmq']) {
      process.kill(await run.pidOf(name), 'SIGKILL')
      await run.saying(new RegExp(`${name} ended \\(signal SIGKILL\\); starting it again`))
      await run.saying(new RegExp(`${name} runs again, pid \\d+`))
    }
    assert.deepEqual((await run.state)!.addresses, addresses)
    const pids = pidsOf(await run.state)
    assert.equal(pids.length, 7)
    assert.ok(pids.every(isRunning))
    run.signal('SIGINT')
    assert.equal(await run.exitCode, 0)
    await nothingLeft(fakes, pids)
    const ends = (await fakes.notes()).filter((note) => note.includes('stopped'))
    assert.equal(ends.length, 5)
    assert.ok(
      ends.every((note) => note.endsWith('stopped while its servers were up')),
      ends.join(),
    )
  })

  for (const signals of [1, 2]) {
    it(`leaves nothing when it is stopped while its servers start, by ${signals} signals`, async () => {
      await waitUntil(() => fakes.serverFolders().length === 2, { what: 'two servers to start', limitMs: 20_000 })
      for (let sent = 0; sent < signals; sent += 1) run.signal('SIGINT')
      assert.equal(await run.exitCode, 0)
      assert.doesNotMatch(run.output, /Everything runs|Timed out|Error/)
      await nothingLeft(fakes, [])
    })
  }
})
