import { ConfigurationError } from '../core/config.ts'
import { messageOf } from '../core/errors.ts'

/** Runs a process's main function; a failure at start is one sentence on standard error and exit code 1. */
export async function start(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    const known = error instanceof ConfigurationError
    process.stderr.write(`${known ? error.message : `Could not start: ${messageOf(error)}`}\n`)
    process.exit(1)
  }
}
