import { writeFile } from 'node:fs/promises'
import { number, seedIn } from '../harness/number-setting.ts'
import { runProgram, say } from '../harness/run-program.ts'
import { bench } from './bench.ts'
import { formatBench } from './report.ts'

await runProgram('The system could not be measured', async () => {
  const { env } = process
  const result = await bench(
    {
      seconds: number(env, 'SECONDS', { fallback: 60, min: 5, max: 86_400 }),
      open: number(env, 'OPEN', { fallback: 600, min: 1, max: 100_000, whole: true }),
      seed: seedIn(env),
    },
    say,
  )
  say(`\n${formatBench(result)}`)
  const file = env['JSON_FILE']
  if (file) await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`)
  return result.violations === ''
})
