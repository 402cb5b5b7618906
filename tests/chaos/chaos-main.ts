import { runProgram, say } from '../support/run-program.ts'
import { chaos } from './chaos.ts'
import { chaosOptions } from './options.ts'

await runProgram('The round could not be played', async () => await chaos(chaosOptions(process.env), say))
