import { writeFile } from 'node:fs/promises'
import { number, seedIn } from '../harness/number-setting.ts'
import { runProgram, say } from '../harness/run-program.ts'
import { scale } from './scale.ts'
import { formatScale } from './scale-report.ts'

await runProgram('Scaling out could not be measured', async () => {
  const { env } = process
  const options = { seconds: number(env, 'SECONDS', { fallback: 20, min: 5, max: 86_400 }), seed: seedIn(env) }
  const result = await scale(options, say)
  say(`\n${formatScale(result)}`)
  const file = env['JSON_FILE']
  if (file) await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`)
  return result.violations === ''
})
