// needs: own-servers
// slow: four runs of mocha, each with a server
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isRunning } from '../src/process-tree.ts'
import { waitUntil } from '../src/wait-until.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const fixture = 'tools/dev/test/fixtures/uses-servers.ts'

interface Run {
  process: ChildProcess
  output(): string
  /** The exit code, or the signal that ended it. */
  end: Promise<number | NodeJS.Signals>
}

function runMocha(behaviour: string): Run {
  const child = spawn('node', ['node_modules/mocha/bin/mocha.js', fixture], {
    cwd: root,
    env: { ...process.env, FIXTURE: behaviour },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, as a terminal gives it: Ctrl-C reaches all of the group.
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const end = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  return { process: child, output: () => output, end }
}

function server(run: Run): { pid: number; folder: string } | undefined {
  const [, pid, folder] = /^server (\d+) (\S+)$/m.exec(run.output()) ?? []
  return pid && folder ? { pid: Number(pid), folder } : undefined
}

async function assertGone(run: Run): Promise<void> {
  const { pid, folder } = server(run) ?? assert.fail(run.output())
  const gone = (): boolean => !isRunning(pid) && !existsSync(folder)
  await waitUntil(gone, {
    what: `PostgreSQL ${pid} and ${folder} to be gone`,
    limitMs: 10_000,
    state: () => run.output(),
  })
}

describe('the servers of a test run', () => {
  it('start once and stop with the run', async () => {
    const run = runMocha('pass')
    assert.equal(await run.end, 0, run.output())
    await assertGone(run)
  })

  it('stop when the run is interrupted with Ctrl-C, or killed', async () => {
    // Mocha's two processes send each other the signal; on a busy machine it ends the outer one before it can exit with 130.
    const ends = { SIGINT: [130, 'SIGINT', 'SIGTERM'], SIGKILL: ['SIGKILL'] } as const
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const run = runMocha('hang')
      await waitUntil(() => server(run), { what: 'the test to start', limitMs: 20_000, state: () => run.output() })
      process.kill(-run.process.pid!, signal)
      const end = await run.end
      assert(
        ends[signal].some((expected) => expected === end),
        `${end}: ${run.output()}`,
      )
      await assertGone(run)
    }
  }).timeout(60_000)

  it('fail the run and name a test that leaves a resource open', async () => {
    const run = runMocha('leak')
    assert.equal(await run.end, 1, run.output())
    assert.match(run.output(), /1 passing[^]*Still open .*Timeout/)
    await assertGone(run)
  })
})
