import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout, program as compiledProgram } from './checkout.ts'
import { programEnvironment, settingsIn } from './environment.ts'
import { reasonOf } from './error-code.ts'
import { runProgram } from './run-program.ts'
import { consolePage, withConsole } from './service-plan.ts'
import { StopRequest } from './stop-request.ts'
import { System } from './system.ts'

// The orders that are paid too late take as long as the deadline.
const shortDeadline = { SAGA_TIMEOUT_MS: '5000', TIMEOUT_CHECK_INTERVAL_MS: '500' }
// One order after the other, so that the times are those of a system with little else to do.
const drill = { DRILL_ORDERS: '50', DRILL_TIMEOUT_FLOW: 'true', DRILL_LANES: '1' }

export interface DemoOptions {
  env: NodeJS.ProcessEnv
  /** Where the run keeps its folder. */
  localFolder: string
  /** The compiled program of a service; that of this checkout unless given. */
  program?: (service: string, name: string) => string
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/**
 * Starts everything, beside a `make up` if need be, drives orders through all four flows, audits and stops. Resolves
 * with the process's exit code: 0 only when every order has the expected outcome and the audit found nothing.
 */
export async function demo({ env, localFolder, program = compiledProgram }: DemoOptions): Promise<number> {
  const environment = withConsole({ ...shortDeadline, ...env })
  await mkdir(localFolder, { recursive: true })
  const folder = join(localFolder, `demo-${process.pid}`)
  const request = new StopRequest(() => system.hurry())
  const system = System.prepare({ env: environment, folder, usualPorts: {}, log: say, program })
  let failure: string | undefined
  try {
    const addresses = await system.start(request.signal)
    const page = consolePage(addresses, environment)
    say(page === undefined ? '' : `\nconsole ${page}\n`)
    const { end } = await runProgram(process.execPath, [program('operations', 'drill-main')], {
      cwd: checkout,
      env: {
        ...programEnvironment(folder),
        ...drill,
        ...settingsIn(environment),
        ...addresses,
        ...system.auditAddresses,
      },
      signal: request.signal,
      onText: (text) => process.stdout.write(text),
    })
    if (end !== 'exit code 0') failure = `An order has an unexpected outcome, or the audit is not clean (${end}).`
  } catch (error) {
    failure = reasonOf(error)
  }
  await system.stop()
  // make up may be at work in there.
  await rmdir(localFolder).catch(() => undefined)
  if (failure === undefined) {
    say('\nEvery order has the expected outcome, and the audit is clean.')
    return 0
  }
  process.stderr.write(`${failure}\n`)
  return 1
}
