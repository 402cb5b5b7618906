import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressReport, processReport } from '../src/run-report.ts'
import { RunStateFile } from '../src/run-state.ts'

describe('the report of a run', () => {
  let folder: string
  let state: RunStateFile

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'order-saga-test-'))
    state = await RunStateFile.claim(folder)
  })

  afterEach(async () => rm(folder, { recursive: true, force: true }))

  it('is parsed by a shell to the same values', async () => {
    const password = `it's "$HOME" \`id\` \\ *; !`
    await state.update({ addresses: { ORDER_DB_URL: password } })
    const { lines } = await addressReport(folder)
    const script = `set -eu; eval "$1"; printf %s "$ORDER_DB_URL"`
    assert.equal(execFileSync('sh', ['-c', script, 'sh', lines.join('\n')]).toString(), password)
  })

  it('names a process that has ended, and fails only when all have', async () => {
    const ended = { name: 'order', pid: 2 ** 30 }
    await state.update({ processes: [{ name: 'postgres', pid: process.pid }, ended, { name: 'rabbitmq' }] })
    const some = await processReport(folder)
    assert.deepEqual(
      some.lines.map((line) => line.split(/ {2,}/)),
      [
        ['postgres', `${process.pid}`, 'running'],
        ['order', `${ended.pid} not running`],
        ['rabbitmq', '-', 'not running'],
      ],
    )
    assert.equal(some.exitCode, 0)
    await state.update({ processes: [ended] })
    assert.equal((await processReport(folder)).exitCode, 1)
  })
})
