import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { findRabbitMq } from '@order-saga/dev'
import { durationsVariable, keepDurations, lastDurations, recordedDurations } from './durations.ts'
import { allTestFiles, belongsTo, root, type TestFile, type Tier, tiers } from './test-files.ts'

/** Tests wait more than they compute. */
const jobsPerProcessor = 2.5

const tier = process.argv[2] as Tier
if (!tiers.includes(tier)) throw new Error(`Name one of ${tiers.join(', ')}.`)
const files = (await allTestFiles()).filter((file) => belongsTo(tier, file))

/** Files that take long start first, so that no worker runs one alone at the end. Unknown ones: by what they need. */
async function inOrder(): Promise<string[]> {
  const known = await lastDurations()
  const expected = ({ path, needs }: TestFile): number =>
    known[path] ?? (needs.includes('system') ? 20 : needs.includes('own-servers') ? 15 : needs.length)
  return files.toSorted((one, other) => expected(other) - expected(one)).map(({ path }) => path)
}

// Installing a broker takes longer than a test may; it happens here, once for a machine.
const log = (line: string): void => void process.stderr.write(`${line}\n`)
if (files.some(({ needs }) => needs.some((need) => need !== 'database'))) await findRabbitMq({ log })

const folder = await mkdtemp(join(tmpdir(), 'order-saga-durations-'))
const recorded = join(folder, 'durations')
const jobs = process.env['JOBS'] || String(Math.ceil(availableParallelism() * jobsPerProcessor))
const mocha = spawn(
  process.execPath,
  ['node_modules/mocha/bin/mocha.js', '--parallel', '--jobs', jobs, ...(await inOrder())],
  { cwd: root, env: { ...process.env, [durationsVariable]: recorded }, stdio: 'inherit' },
)
// Ctrl-C reaches mocha as well, which ends its workers and servers; this process ends after it.
process.on('SIGINT', () => undefined)
const [code] = (await once(mocha, 'exit')) as [number | null]
const durations = await recordedDurations(recorded)
await keepDurations(durations)
await rm(folder, { recursive: true })
process.exitCode = code ?? 1
