#!/usr/bin/env node
import { standardOutput } from './audit-command.ts'
import { runSaga } from './saga-command.ts'

const stop = new AbortController()
// The command completes the change in progress; a second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

process.exitCode = await runSaga(process.argv.slice(2), process.env, {
  ...standardOutput,
  signal: stop.signal,
})
