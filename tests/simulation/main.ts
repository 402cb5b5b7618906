import { messageOf } from '@order-saga/chassis'
import { stopTestServers } from '../../tools/dev/src/test-servers.ts'
import { defects } from './defects.ts'
import { commandFor, type Options, optionsFrom } from './options.ts'
import { Server } from './server.ts'
import { shrink } from './shrink.ts'
import { type Ended, type Run, simulate } from './simulate.ts'
import { backToReality } from './virtual-time.ts'

let interrupted = false
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.once(signal, () => {
    interrupted = true
    // Running simulations lose their server connections.
    process.on('unhandledRejection', () => undefined)
    backToReality()
    void stopTestServers().finally(() => process.exit(128 + number))
  })
}

/** Exit codes: 0 no violation, 1 a violation or a failed start, 2 invalid settings. */
const exitCode = await main().catch(async (error: unknown) => {
  // The interrupt handler is stopping the server and ends the process.
  if (interrupted) return await new Promise<never>(() => undefined)
  console.error(messageOf(error))
  return 1
})
// Pending operations of the last simulated processes must not keep the program alive.
process.exit(exitCode)

async function main(): Promise<number> {
  let options: Options
  try {
    options = optionsFrom(process.env)
  } catch (error) {
    console.error(messageOf(error))
    return 2
  }
  try {
    const server = await Server.start()
    const failures = await runAll(options, server)
    await server.stop()
    return failures === 0 ? 0 : 1
  } finally {
    await stopTestServers()
  }
}

async function runAll({ first, last, shrinks, ...what }: Options, server: Server): Promise<number> {
  if (what.defect !== undefined) console.log(`On purpose: ${defects[what.defect]}.`)
  const started = performance.now()
  const ends = new Map<string, number>()
  let faults = 0
  for (let seed = first; seed <= last; seed += 1) {
    const run: Run = { ...what, seed }
    const ended = await simulate(server, run)
    if (ended.broken.length > 0) {
      report(run, ended)
      if (shrinks) await reportSmaller(run, ended, server)
      return 1
    }
    faults += ended.faults.length
    console.log(`Seed ${seed}: ${ended.faults.length} faults, interleaving ${ended.fingerprint.slice(0, 16)}`)
    for (const [end, count] of ended.ends) ends.set(end, (ends.get(end) ?? 0) + count)
  }
  const seconds = (performance.now() - started) / 1000
  const sagas = [...ends.values()].reduce((sum, count) => sum + count, 0)
  const seeds = first === last ? `Seed ${first}` : `Seeds ${first} to ${last}`
  const pace = Math.round((sagas / seconds) * 60)
  console.log(
    `${seeds}: every promise kept. ${sagas} sagas, ${faults} faults, ${seconds.toFixed(0)} s, ${pace} sagas a minute`,
  )
  for (const [end, count] of [...ends].toSorted(([a], [b]) => a.localeCompare(b))) {
    console.log(`  ${String(count).padStart(6)}  ${end}`)
  }
  return 0
}

function report(run: Run, ended: Ended): void {
  console.log(`Seed ${run.seed}, ${ended.faults.length} faults: a promise is broken.`)
  for (const broken of ended.broken) console.log(`  ${broken}`)
  console.log(`Again: ${commandFor(run)}`)
}

async function reportSmaller(run: Run, ended: Ended, server: Server): Promise<void> {
  const smaller = await shrink(run, ended, (other) => simulate(server, other))
  if (smaller.run === run) return
  console.log(`Smaller, with ${smaller.ended.faults.length} faults: ${commandFor(smaller.run)}`)
  for (const fault of smaller.ended.faults) console.log(`  ${fault}`)
  for (const broken of smaller.ended.broken) console.log(`  => ${broken}`)
}
