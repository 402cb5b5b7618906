import { appendFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { findRabbitMq, waitUntil } from '@order-saga/dev'
import type { Context, RootHookObject } from 'mocha'
import { shareTestServers, stopTestServers } from '../../../tools/dev/src/test-servers.ts'
import { durationsVariable } from './durations.ts'
import { sharedServers, shareServers, workerId } from './shared-servers.ts'
import { readTestFile, root } from './test-files.ts'

const startLimitMs = 120_000
const graceMs = 5_000
/** Stopping a suite's own servers included. */
const hookLimitMs = 60_000
/** Enough for what was printed last to reach a pipe. */
const flushMs = 1_000

/** 0 in a run without workers, and in a worker. */
const jobs = Number(process.argv[process.argv.indexOf('--jobs') + 1])
const workers = process.argv.includes('--parallel') ? jobs || availableParallelism() : 0

let stopShared: (() => Promise<void>) | undefined

/** Once for a run, in its main process. */
export async function mochaGlobalSetup(): Promise<void> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`)
  if (workers > 0) stopShared = await shareServers(workers, log)
  // Installing a broker takes longer than a test may; it happens here, once for a machine.
  else await findRabbitMq({ log })
}

/** Once for a run, in its main process. */
export async function mochaGlobalTeardown(): Promise<void> {
  await stopShared?.()
  // Only something that was left open keeps the process until then, and that has failed the run already.
  setTimeout(() => process.exit(), flushMs).unref()
}

let openBefore: readonly string[] = []
let startedAt = 0

/** Once for each file in a worker; once for all files in a run without workers. */
export const mochaHooks: RootHookObject = {
  async beforeAll(this: Context) {
    startedAt = performance.now()
    this.timeout(startLimitMs)
    if (workerId !== undefined) await useServers(fileOf(this))
    // Mocha limits the time of a hook from its first await on, by a timer that is among the resources then, as later.
    await setImmediate()
    openBefore = process.getActiveResourcesInfo()
  },

  afterEach(this: Context) {
    const test = this.currentTest
    if (test?.state !== 'failed') return
    const title = test.fullTitle().replaceAll(/[^\w ,;-]/g, '.')
    process.stderr.write(`To repeat this test alone: npx mocha ${pathOf(test.file)} --grep '${title}'\n`)
  },

  async afterAll(this: Context) {
    this.timeout(hookLimitMs)
    await stopTestServers()
    const file = process.env[durationsVariable]
    const seconds = Math.round(performance.now() - startedAt) / 1000
    if (file !== undefined) await appendFile(file, `${JSON.stringify([fileOf(this), seconds])}\n`)
    await assertNothingOpen(fileOf(this))
  },
}

/** Waits here for servers that start, which the hooks and tests of the file have no time for. */
async function useServers(path: string): Promise<void> {
  const { needs } = await readTestFile(path)
  const shared = needs.includes('own-servers') ? undefined : sharedServers(needs)
  shareTestServers(shared)
  if (needs.includes('database') || needs.includes('system')) await shared?.postgres()
  if (needs.includes('broker') || needs.includes('system')) await shared?.rabbitMq()
}

function pathOf(file: string | undefined): string {
  return relative(root, file ?? '')
}

/** Of the first test of the run. */
function fileOf({ test }: Context): string {
  return pathOf(test?.parent?.suites[0]?.file)
}

/** Fails if the tests of a file leave resources open that keep a process alive: connections, children, timers. */
async function assertNothingOpen(file: string): Promise<void> {
  const open = (): string[] => {
    const before = [...openBefore]
    return process.getActiveResourcesInfo().filter((resource) => {
      const known = before.indexOf(resource)
      if (known >= 0) before.splice(known, 1)
      return known < 0
    })
  }
  const closed = await waitUntil(() => open().length === 0, { what: '', limitMs: graceMs, intervalMs: 20 }).catch(
    () => false,
  )
  if (closed) return
  throw new Error(
    `Still open ${graceMs / 1000} s after the last test, that of ${file} or before: ${open().join(', ')}. ` +
      'Close what the tests opened; running fewer files at a time shows which one leaves it.',
  )
}
