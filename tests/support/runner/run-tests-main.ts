import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { findRabbitMq } from '@order-saga/dev'
import { type Durations, durationsVariable, keepDurations, lastDurations, readDurations } from './durations.ts'
import { longFiles, tooLong } from './long-files.ts'
import { allTestFiles, belongsTo, root, type TestFile, type Tier, tiers } from './test-files.ts'

/** Tests wait more than they compute. */
const workersPerProcessor = 2.5
const slowestShown = 10

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const tier = process.argv[2] as Tier
if (!tiers.includes(tier)) throw new Error(`Name one of ${tiers.join(', ')}.`)
const files = (await allTestFiles()).filter((file) => belongsTo(tier, file))
// Installing a broker takes longer than a test may; it happens here, once for a machine.
if (files.some(({ needs }) => needs.some((need) => need !== 'database'))) await findRabbitMq({ log: say })

const startedAt = performance.now()
const folder = await mkdtemp(join(tmpdir(), 'order-saga-tests-'))
const code = await runMocha(await longestFirst(files), join(folder, 'durations'))
const durations = await readDurations(join(folder, 'durations'))
await rm(folder, { recursive: true })
await keepDurations(durations)
reportSlowest(durations)
const excesses = tier === 'all' ? [] : tooLong(durations, (performance.now() - startedAt) / 1000)
for (const excess of excesses) process.stderr.write(`${excess}\n`)
process.exitCode = code || Math.min(1, excesses.length)

/** The longest files start first, so that no worker runs one alone at the end. Unknown durations are estimated. */
async function longestFirst(all: readonly TestFile[]): Promise<string[]> {
  const known = await lastDurations()
  const guess = ({ needs }: TestFile): number => (needs.includes('system') || needs.includes('own-servers') ? 20 : 1)
  const expected = (file: TestFile): number => known[file.path] ?? longFiles[file.path]?.seconds ?? guess(file)
  return all.toSorted((one, other) => expected(other) - expected(one)).map(({ path }) => path)
}

async function runMocha(paths: readonly string[], recorded: string): Promise<number> {
  const workers = process.env['JOBS'] || String(Math.ceil(availableParallelism() * workersPerProcessor))
  const mocha = spawn(
    process.execPath,
    ['node_modules/mocha/bin/mocha.js', '--parallel', '--jobs', workers, ...paths],
    { cwd: root, env: { ...process.env, [durationsVariable]: recorded }, stdio: 'inherit' },
  )
  // Ctrl-C reaches mocha, too, which ends its workers and servers; this process ends after it.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => mocha.kill())
  const [exitCode] = (await once(mocha, 'exit')) as [number | null]
  return exitCode ?? 1
}

function reportSlowest(seconds: Durations): void {
  const slowest = Object.entries(seconds).toSorted(([, one], [, other]) => other - one)
  say(`The slowest of ${slowest.length} files (all: .local/test-durations.json):`)
  for (const [path, took] of slowest.slice(0, slowestShown)) say(`${took.toFixed(1).padStart(7)} s  ${path}`)
}
