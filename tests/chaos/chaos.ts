import { setTimeout as pause } from 'node:timers/promises'
import { unrest } from '../support/rest.ts'
import { someSku } from '../support/shop.ts'
import { checkHistory, isClean, type Verdict } from './check-history.ts'
import { repeatedMails } from './checks/mails.ts'
import { conduct } from './conductor.ts'
import { Customers } from './customers.ts'
import type { Fault } from './faults.ts'
import type { History } from './history.ts'
import { Injector } from './injector.ts'
import { type ChaosOptions, replayCommand } from './options.ts'
import { readHistory } from './read-history.ts'
import { keepReport } from './report-folder.ts'
import { schedule, summary } from './schedule.ts'
import { ServiceGuard } from './service-guard.ts'
import { Stage } from './stage.ts'
import { strike } from './strike.ts'
import { closingLines, formatVerdict } from './verdict.ts'

/** From the last fault to rest: several deadlines, and the growing waits of what was unlucky several times. */
const restLimitMs = 5 * 60_000
const lookMs = 1_000
/** Of the scarce article, as a part of all orders that are to come. */
const scarcePart = 0.1

/** Plays one round of faults on a system of its own. Resolves with whether every promise was kept. */
export async function chaos(options: ChaosOptions, say: (line: string) => void): Promise<boolean> {
  const { seed, minutes, rate } = options
  const faults = schedule({ seed, durationMs: minutes * 60_000 })
  say(`Chaos with SEED=${seed}: ${minutes} min of faults, ${rate} orders/s. Starting the servers and services.`)
  const stage = await Stage.set()
  const startedAt = performance.now()
  const seconds = (): number => (performance.now() - startedAt) / 1_000
  const guard = new ServiceGuard(stage.system)
  const injector = new Injector(stage.system)
  let customers: Customers | undefined
  try {
    const [plenty, scarce] = [someSku(), someSku()]
    await stage.system.shop.putStock(plenty, 10_000_000)
    await stage.system.shop.putStock(scarce, Math.ceil(minutes * 60 * rate * scarcePart))
    const { orderUrl } = stage
    const placing = (customers = new Customers({ orderUrl, perSecond: rate, seed, plenty, scarce }))
    const missed: Fault[] = []
    const failed = await conduct({
      faults,
      strike: (fault) => strike(fault, stage, guard, injector),
      report: (fault, atMs, result, reason = '') => {
        if (result === 'missed') missed.push(fault)
        const { accepted, waiting } = placing
        const what = `${fault.name} ${fault.target}${fault.forMs > 0 ? ` for ${(fault.forMs / 1_000).toFixed(1)} s` : ''}`
        const note = result === 'struck' ? '' : `  ${result} ${reason}`
        say(
          `${(atMs / 1_000).toFixed(1).padStart(7)} s  ${what.padEnd(44)} accepted ${accepted}, waiting ${waiting}${note}`,
        )
      },
    })
    customers.close()
    const faultSeconds = seconds()
    say(
      `${faultSeconds.toFixed(1).padStart(7)} s  all is healed; waiting for rest, ${restLimitMs / 60_000} min at the most`,
    )
    const unfinished = await untilRest(stage, customers)
    say(
      `${seconds().toFixed(1).padStart(7)} s  ${unfinished.length === 0 ? 'at rest' : `not at rest: ${unfinished.join('; ')}`}`,
    )
    const restSeconds = seconds() - faultSeconds
    guard.close()

    const ends = [...guard.ends, ...failed.map((fault) => `a fault could not be made: ${fault}`)]
    const history = await readHistory(stage, { intents: customers.intents, injector, ends })
    const verdict = checkHistory(history)
    say('')
    say(`Schedule: ${summary(faults)}; ${missed.length} of them found nothing to strike.`)
    for (const line of statistics(history, { faultSeconds, restSeconds, injector, guard })) say(line)
    say('')
    say(formatVerdict(verdict))
    const clean = isClean(verdict)
    if (!clean) await explain(options, { faults, history, verdict, stage }, say)
    say('')
    say(closingLines(verdict, performance.now() - startedAt))
    return clean
  } finally {
    customers?.abandon()
    guard.close()
    await stage.clear()
  }
}

async function explain(
  options: ChaosOptions,
  found: { faults: Fault[]; history: History; verdict: Verdict; stage: Stage },
  say: (line: string) => void,
): Promise<void> {
  const folder = await keepReport({ name: `chaos-${options.seed}`, ...found })
  say('')
  say(`History, verdict and logs are in ${folder}. The same schedule again: ${replayCommand(options)}`)
}

/** @returns why it is not at rest; empty when it is */
async function untilRest(stage: Stage, customers: Customers): Promise<string[]> {
  const end = performance.now() + restLimitMs
  for (;;) {
    const reasons = await whyUnrest(stage, customers)
    if (reasons.length === 0 || performance.now() > end) return reasons
    await pause(lookMs)
  }
}

async function whyUnrest({ system, mails }: Stage, customers: Customers): Promise<string[]> {
  if (customers.waiting > 0) return [`${customers.waiting} customers wait for an answer`]
  const { databases, broker } = system
  try {
    return await unrest({ databases, broker, mailServer: mails })
  } catch (error) {
    return [`the state cannot be read: ${String(error)}`]
  }
}

function statistics(
  history: History,
  run: { faultSeconds: number; restSeconds: number; injector: Injector; guard: ServiceGuard },
): string[] {
  const { intents, sagas, mails } = history
  const { faultSeconds, restSeconds, injector, guard } = run
  const attempts = intents.flatMap((intent) => intent.attempts)
  const count = <T>(entries: readonly T[], keyOf: (entry: T) => string): string => {
    const counts = new Map<string, number>()
    for (const entry of entries) counts.set(keyOf(entry), (counts.get(keyOf(entry)) ?? 0) + 1)
    return [...counts]
      .toSorted(([, a], [, b]) => b - a)
      .map(([key, n]) => `${key} ${n}`)
      .join(', ')
  }
  const accepted = intents.filter(({ outcome }) => outcome === 'accepted').length
  return [
    `Customers: ${intents.length} (${count(intents, ({ outcome }) => outcome)}); ${attempts.length} requests: ${count(attempts, ({ result }) => String(result))}`,
    `Sagas: ${count(sagas, ({ status, compensation }) => (compensation === 'none' ? status : `${status}/${compensation}`))}`,
    `Throughput: ${(accepted / faultSeconds).toFixed(1)} orders/s accepted under faults; at rest ${restSeconds.toFixed(0)} s after the last`,
    `Events published again: ${injector.repeated}; malformed messages: ${injector.malformed.length}; dead letters: ${history.deadLetters.length}`,
    `E-mails: ${mails.length}, ${repeatedMails(history)} of them repetitions (allowed: at least once); longest stop after SIGTERM: ${guard.longestStopMs} ms`,
  ]
}
