import { runProgram, say } from '../support/run-program.ts'
import { runChaos } from './chaos.ts'
import { readChaosOptions } from './options.ts'

await runProgram('The chaos run failed to complete', async () => await runChaos(readChaosOptions(process.env), say))
