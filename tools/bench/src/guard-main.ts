import { seedIn } from '@order-saga/tests/support/number-setting'
import { runProgram, say } from '@order-saga/tests/support/run-program'
import { guard } from './guard.ts'
import { formatGuard } from './guard-report.ts'
import { judge } from './limits.ts'

await runProgram('The limits could not be checked', async () => {
  const judged = judge(await guard(seedIn(process.env), say))
  say(`\n${formatGuard(judged)}`)
  return judged.every(({ kept }) => kept)
})
