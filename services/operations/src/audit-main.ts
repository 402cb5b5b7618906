import { runAudit } from './audit-command.ts'

process.exitCode = await runAudit(process.argv.slice(2), process.env, {
  out: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
})
