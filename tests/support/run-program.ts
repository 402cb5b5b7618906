import { messageOf } from '@order-saga/chassis'
import { stopTestServers } from '../../tools/dev/src/test-servers.ts'

/** Prints a line to standard output. */
export const say = (line: string): void => void process.stdout.write(`${line}\n`)

/**
 * Runs a program that tests the system on its own servers, and stops these in any case. Exit code 0 if the test passed,
 * 1 if it failed, 2 if it could not run: then `failure` and the reason are printed.
 */
export async function runProgram(failure: string, main: () => Promise<boolean>): Promise<void> {
  try {
    process.exitCode = (await main()) ? 0 : 1
  } catch (error) {
    process.stderr.write(`${failure}: ${messageOf(error)}\n`)
    process.exitCode = 2
  } finally {
    await stopTestServers()
  }
}
