import { writeFile } from 'node:fs/promises'
import { number, seedIn } from '../harness/number-setting.ts'
import { runProgram, say } from '../harness/run-program.ts'
import { growth } from './growth.ts'
import { fallen } from './growth-figures.ts'
import { formatGrowth } from './growth-report.ts'

const million = 1_000_000

await runProgram('The growth could not be measured', async () => {
  const { env } = process
  const orders = number(env, 'ORDERS', { fallback: million, min: 0, max: 1_000 * million, whole: true })
  const result = await growth(
    {
      orders,
      // None without its order.
      published: number(env, 'PUBLISHED', { fallback: Math.min(million, orders), min: 0, max: orders, whole: true }),
      backlog: number(env, 'BACKLOG', { fallback: 100_000, min: 0, max: 5 * million, whole: true }),
      // The events that are put in are kept for no longer.
      soakMinutes: number(env, 'SOAK_MINUTES', { fallback: 0, min: 0, max: 600 }),
      seconds: number(env, 'SECONDS', { fallback: 30, min: 5, max: 86_400 }),
      open: number(env, 'OPEN', { fallback: 600, min: 1, max: 100_000, whole: true }),
      seed: seedIn(env),
    },
    say,
  )
  say(`\n${formatGrowth(result)}`)
  const file = env['JSON_FILE']
  if (file) await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`)
  return fallen(result).length === 0 && (result.violations ?? '') === ''
})
