import { seedIn } from '@order-saga/tests/support/number-setting'
import { runProgram, say } from '@order-saga/tests/support/run-program'
import { measureGuard } from './guard.ts'
import { formatGuard } from './guard-report.ts'
import { evaluate } from './limits.ts'

await runProgram('The limits could not be checked', async () => {
  const results = evaluate(await measureGuard(seedIn(process.env), say))
  say(`\n${formatGuard(results)}`)
  return results.every(({ passed }) => passed)
})
