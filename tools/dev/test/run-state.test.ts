import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRunState, removeLeftovers, RunStateFile } from '../src/run-state.ts'

// More than any system gives out.
const deadPid = 2 ** 30

describe('the state file of a run', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'order-saga-test-'))
  })

  afterEach(async () => rm(folder, { recursive: true, force: true }))

  async function write(content: string): Promise<void> {
    await writeFile(join(folder, 'state.json'), content)
  }

  it('is readable during the run, and removed after it', async () => {
    const file = await RunStateFile.claim(folder)
    await Promise.all([
      file.update({ processes: [{ name: 'order', pid: 1 }] }),
      file.update({ addresses: { ORDER_URL: 'http://127.0.0.1:3000' } }),
    ])
    const state = await readRunState(folder)
    assert.equal(state?.pid, process.pid)
    assert.deepEqual(state?.processes, [{ name: 'order', pid: 1 }])
    assert.deepEqual(state?.addresses, { ORDER_URL: 'http://127.0.0.1:3000' })
    await file.release()
    assert.equal(await readRunState(folder), undefined)
    await assert.rejects(stat(folder))
  })

  it('is readable by its owner only: it contains passwords', async () => {
    const file = await RunStateFile.claim(folder)
    await file.update({ addresses: {} })
    assert.equal((await stat(join(folder, 'state.json'))).mode & 0o777, 0o600)
  })

  it('admits one of several runs', async () => {
    const claims = await Promise.allSettled(Array.from({ length: 8 }, () => RunStateFile.claim(folder)))
    const refusals = claims.filter((claim) => claim.status === 'rejected').map((claim) => String(claim.reason))
    assert.equal(refusals.length, 7)
    for (const refusal of refusals)
      assert.match(refusal, new RegExp(`already runs in this checkout, pid ${process.pid}`))
    assert.deepEqual(await readdir(folder), ['state.json'])
  })

  for (const [what, content] of Object.entries({
    'a dead process': JSON.stringify({ pid: deadPid, startOfPid: '1', addresses: { A: 'b' }, processes: [] }),
    'an earlier process with an id in use now': JSON.stringify({
      pid: process.pid,
      startOfPid: '1',
      addresses: { A: 'b' },
      processes: [],
    }),
    'a machine that went down while it was written': '{"pid": 1',
  })) {
    it(`is ignored when it belongs to ${what}`, async () => {
      await write(content)
      assert.equal(await readRunState(folder), undefined)
      await RunStateFile.claim(folder)
      assert.equal((await readRunState(folder))?.pid, process.pid)
    })
  }

  it('is not removed by a run it does not belong to', async () => {
    await RunStateFile.claim(folder)
    const before = await readFile(join(folder, 'state.json'), 'utf8')
    await assert.rejects(RunStateFile.claim(folder))
    assert.equal(await readFile(join(folder, 'state.json'), 'utf8'), before)
  })

  it('removes the folders of ended runs, and keeps those of running ones', async () => {
    for (const name of [`up-${deadPid}`, `demo-${deadPid}`, `demo-${process.pid}`]) await mkdir(join(folder, name))
    await removeLeftovers(folder)
    assert.deepEqual(await readdir(folder), [`demo-${process.pid}`])
  })
})
