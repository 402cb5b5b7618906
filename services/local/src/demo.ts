import { mkdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout, program as compiledProgram } from './checkout.ts'
import { driveFlow } from './demo-drive.ts'
import type { DrivenOrder } from './demo-drive.ts'
import { flows, outcome } from './demo-flows.ts'
import type { Flow } from './demo-flows.ts'
import { demoTable } from './demo-table.ts'
import { reasonOf } from './error-code.ts'
import { runProgram } from './run-program.ts'
import { StopRequest } from './stop-request.ts'
import { System } from './system.ts'

// The flow of the order that is paid too late takes as long as the deadline.
const shortDeadline = { SAGA_TIMEOUT_MS: '5000', TIMEOUT_CHECK_INTERVAL_MS: '500' }
const deliveryMs = 30_000

export interface DemoOptions {
  env: NodeJS.ProcessEnv
  /** Where the run keeps its folder. */
  localFolder: string
  /** The compiled program of a service; that of this checkout unless given. */
  program?: (service: string, name: string) => string
}

interface Result {
  flow: Flow
  driven: DrivenOrder[]
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function drive(orderUrl: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Result[]> {
  const limitMs = Number(env['SAGA_TIMEOUT_MS']) + Number(env['TIMEOUT_CHECK_INTERVAL_MS']) + deliveryMs
  const results: Result[] = []
  for (const flow of flows) {
    const how = flow.together ? 'together, until after their deadline' : 'one after the other'
    say(`${flow.name.padEnd(14)} ${flow.orders} orders, ${how}`)
    results.push({ flow, driven: await driveFlow(orderUrl, flow, limitMs, signal) })
  }
  return results
}

/** What the service answered its client, in the form the audit compares with what the databases hold. */
function answers(results: Result[]): string {
  const accepted = results.flatMap(({ driven }) => driven)
  return accepted
    .map(({ acceptedAt, saga }) => ({ at: acceptedAt, status: 202, orderId: saga.orderId, sagaId: saga.sagaId }))
    .map((answer) => `${JSON.stringify(answer)}\n`)
    .join('')
}

/** One sentence per flow whose orders did not all end as expected, with one saga to look at. */
function complaints(results: Result[]): string[] {
  return results.flatMap(({ flow, driven }) => {
    const others = driven.filter(({ asExpected }) => !asExpected).map(({ saga }) => saga)
    const [first] = others
    if (!first) return []
    return `${flow.name}: ${others.length} of ${flow.orders} orders did not end as expected; the saga ${first.sagaId} is ${outcome(first)}.`
  })
}

/**
 * Starts everything, beside a `make up` if need be, drives orders through all four flows, audits and stops. Resolves
 * with the process's exit code: 0 only when every order ended as expected and the audit found nothing.
 */
export async function demo({ env, localFolder, program = compiledProgram }: DemoOptions): Promise<number> {
  const environment = { ...shortDeadline, ...env }
  await mkdir(localFolder, { recursive: true })
  const folder = join(localFolder, `demo-${process.pid}`)
  const request = new StopRequest(() => system.hurry())
  const system = System.prepare({
    env: environment,
    folder,
    usualPorts: {},
    log: say,
    program,
  })
  const failures: string[] = []
  try {
    const addresses = await system.start(request.signal)
    say('')
    const results = await drive(addresses['ORDER_URL']!, environment, request.signal)
    say(`\n${demoTable(results)}\n`)
    failures.push(...complaints(results))
    const clientLog = join(folder, 'answers.jsonl')
    await writeFile(clientLog, answers(results))
    const audit = await runProgram(process.execPath, [program('operations', 'audit-main')], {
      cwd: checkout,
      env: { ...environment, ...addresses, AUDIT_CLIENT_LOG: clientLog },
      signal: request.signal,
    })
    say(`${audit.output}${audit.errors}`)
    if (audit.end !== 'exit code 0') failures.push(`The audit is not clean (${audit.end}).`)
  } catch (error) {
    failures.push(reasonOf(error))
  }
  await system.stop()
  // make up may be at work in there.
  await rmdir(localFolder).catch(() => undefined)
  for (const failure of failures) process.stderr.write(`${failure}\n`)
  if (failures.length > 0) return 1
  say('Every order ended as expected, and the audit is clean.')
  return 0
}
