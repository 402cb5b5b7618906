import { messageOf } from '@order-saga/chassis'
import { stopTestServers } from '../../tools/dev/src/test-servers.ts'

/** Says a line to who started the program. */
export const say = (line: string): void => void process.stdout.write(`${line}\n`)

/**
 * Runs a program that judges the system on servers of its own, and stops these however it ends. Exit code 0 when all is
 * well, 1 when something is not, 2 when it could not be judged: then `failure` and the reason are said.
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
