import { setTimeout as pause } from 'node:timers/promises'
import { unfinishedWork } from '../support/unfinished-work.ts'
import { someSku } from '../support/shop.ts'
import { checkHistory, isClean, type Verdict } from './check-history.ts'
import { countRepeatedMails } from './checks/mails.ts'
import { runSchedule } from './scheduler.ts'
import { Customers } from './customers.ts'
import type { Fault } from './faults.ts'
import type { History } from './history.ts'
import { MessageInjector } from './message-injector.ts'
import { type ChaosOptions, replayCommand } from './options.ts'
import { readHistory } from './read-history.ts'
import { writeReport } from './write-report.ts'
import { schedule, summarize } from './schedule.ts'
import { ServiceSupervisor } from './service-supervisor.ts'
import { ChaosEnvironment } from './chaos-environment.ts'
import { injectFault } from './inject-fault.ts'
import { closingLines, formatVerdict } from './verdict.ts'

/** From the last fault to rest: several order deadlines and the retry delays of messages that failed several times. */
const restLimitMs = 5 * 60_000
const pollMs = 1_000
/** Stock of the scarce article relative to the expected number of orders. */
const scarceStockRatio = 0.1

/** Injects faults into a system of its own under load. Resolves with whether every check passed. */
export async function runChaos(options: ChaosOptions, say: (line: string) => void): Promise<boolean> {
  const { seed, minutes, rate } = options
  const faults = schedule({ seed, durationMs: minutes * 60_000 })
  say(`Chaos with SEED=${seed}: ${minutes} min of faults, ${rate} orders/s. Starting the servers and services.`)
  const environment = await ChaosEnvironment.start()
  const startedAt = performance.now()
  const seconds = (): number => (performance.now() - startedAt) / 1_000
  const supervisor = new ServiceSupervisor(environment.system)
  const injector = new MessageInjector(environment.system)
  let customers: Customers | undefined
  try {
    const [plenty, scarce] = [someSku(), someSku()]
    await environment.system.shop.putStock(plenty, 10_000_000)
    await environment.system.shop.putStock(scarce, Math.ceil(minutes * 60 * rate * scarceStockRatio))
    const { orderUrl } = environment
    const load = (customers = new Customers({ orderUrl, perSecond: rate, seed, plenty, scarce }))
    let skipped = 0
    const failed = await runSchedule({
      faults,
      inject: (fault) => injectFault(fault, environment, supervisor, injector),
      report: (fault, atMs, result, reason = '') => {
        if (result === 'skipped') skipped += 1
        const { accepted, waiting } = load
        const what = `${fault.name} ${fault.target}${fault.durationMs > 0 ? ` for ${(fault.durationMs / 1_000).toFixed(1)} s` : ''}`
        const note = result === 'injected' ? '' : `  ${result} ${reason}`
        say(
          `${(atMs / 1_000).toFixed(1).padStart(7)} s  ${what.padEnd(44)} accepted ${accepted}, waiting ${waiting}${note}`,
        )
      },
    })
    customers.close()
    const faultSeconds = seconds()
    say(
      `${faultSeconds.toFixed(1).padStart(7)} s  all faults are over; waiting for rest, at most ${restLimitMs / 60_000} min`,
    )
    const unfinished = await untilRest(environment, customers)
    say(
      `${seconds().toFixed(1).padStart(7)} s  ${unfinished.length === 0 ? 'at rest' : `not at rest: ${unfinished.join('; ')}`}`,
    )
    const restSeconds = seconds() - faultSeconds
    supervisor.close()

    const exits = [...supervisor.unexpectedExits, ...failed.map((fault) => `a fault could not be injected: ${fault}`)]
    const history = await readHistory(environment, { orderRequests: customers.orderRequests, injector, exits })
    const verdict = checkHistory(history)
    say('')
    say(`Schedule: ${summarize(faults)}; ${skipped} skipped because their target was unavailable.`)
    for (const line of statistics(history, { faultSeconds, restSeconds, injector, supervisor })) say(line)
    say('')
    say(formatVerdict(verdict))
    const clean = isClean(verdict)
    if (!clean) await report(options, { faults, history, verdict, environment }, say)
    say('')
    say(closingLines(verdict, performance.now() - startedAt))
    return clean
  } finally {
    customers?.abandon()
    supervisor.close()
    await environment.stop()
  }
}

async function report(
  options: ChaosOptions,
  found: { faults: Fault[]; history: History; verdict: Verdict; environment: ChaosEnvironment },
  say: (line: string) => void,
): Promise<void> {
  const folder = await writeReport({ name: `chaos-${options.seed}`, ...found })
  say('')
  say(`History, verdict and logs: ${folder}. To repeat the schedule: ${replayCommand(options)}`)
}

/** @returns the reasons why the system is not at rest; empty when it is */
async function untilRest(environment: ChaosEnvironment, customers: Customers): Promise<string[]> {
  const end = performance.now() + restLimitMs
  for (;;) {
    const reasons = await reasonsForUnrest(environment, customers)
    if (reasons.length === 0 || performance.now() > end) return reasons
    await pause(pollMs)
  }
}

async function reasonsForUnrest({ system, mails }: ChaosEnvironment, customers: Customers): Promise<string[]> {
  if (customers.waiting > 0) return [`${customers.waiting} customers wait for a response`]
  const { databases, broker } = system
  try {
    return await unfinishedWork({ databases, broker, mailServer: mails })
  } catch (error) {
    return [`the state could not be read: ${String(error)}`]
  }
}

function statistics(
  history: History,
  run: { faultSeconds: number; restSeconds: number; injector: MessageInjector; supervisor: ServiceSupervisor },
): string[] {
  const { orderRequests, sagas, mails } = history
  const { faultSeconds, restSeconds, injector, supervisor } = run
  const attempts = orderRequests.flatMap((request) => request.attempts)
  const count = <T>(entries: readonly T[], keyOf: (entry: T) => string): string => {
    const counts = new Map<string, number>()
    for (const entry of entries) counts.set(keyOf(entry), (counts.get(keyOf(entry)) ?? 0) + 1)
    return [...counts]
      .toSorted(([, a], [, b]) => b - a)
      .map(([key, n]) => `${key} ${n}`)
      .join(', ')
  }
  const accepted = orderRequests.filter(({ outcome }) => outcome === 'accepted').length
  return [
    `Customers: ${orderRequests.length} (${count(orderRequests, ({ outcome }) => outcome)}); ${attempts.length} attempts: ${count(attempts, ({ result }) => String(result))}`,
    `Sagas: ${count(sagas, ({ status, compensation }) => (compensation === 'none' ? status : `${status}/${compensation}`))}`,
    `Throughput: ${(accepted / faultSeconds).toFixed(1)} orders/s accepted under faults; at rest ${restSeconds.toFixed(0)} s after the last fault`,
    `Events republished: ${injector.republished}; malformed messages: ${injector.malformed.length}; dead letters: ${history.deadLetters.length}`,
    `E-mails: ${mails.length}, ${countRepeatedMails(history)} of them repeated (allowed: at least once); longest stop after SIGTERM: ${supervisor.longestStopMs} ms`,
  ]
}
