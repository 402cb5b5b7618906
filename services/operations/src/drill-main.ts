import { standardOutput } from './audit-command.ts'
import { runDrill } from './drill-command.ts'

process.exitCode = await runDrill(process.env, standardOutput)
