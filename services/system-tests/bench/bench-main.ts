import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { messageOf } from '@order-saga/chassis'
import { stopTestServers } from '../../local/src/test-servers.ts'
import { number } from '../chaos/options.ts'
import { bench } from './bench.ts'
import { formatBench } from './report.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** 0: measured, and the audit is clean; 1: the audit found something; 2: it could not be measured. */
async function main(): Promise<number> {
  const { env } = process
  const result = await bench(
    {
      seconds: number(env, 'SECONDS', { fallback: 60, min: 5, max: 86_400 }),
      open: number(env, 'OPEN', { fallback: 400, min: 1, max: 100_000, whole: true }),
      seed: number(env, 'SEED', { fallback: randomInt(1, 2 ** 31), min: 1, max: 2 ** 31 - 1, whole: true }),
    },
    say,
  )
  say(`\n${formatBench(result)}`)
  const file = env['JSON_FILE']
  if (file) await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`)
  return result.violations === '' ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`The system could not be measured: ${messageOf(error)}\n`)
  process.exitCode = 2
} finally {
  await stopTestServers()
}
