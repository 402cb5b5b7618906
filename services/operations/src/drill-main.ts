import { runDrill } from './drill-command.ts'

process.exitCode = await runDrill(process.env, {
  out: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
})
