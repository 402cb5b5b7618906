import { measureBareMessages } from './bare-messages.ts'
import { measureBareSql } from './bare-sql.ts'
import { readCounter } from './costs.ts'
import type { GuardFigures } from './limits.ts'
import { rateOf } from './phase.ts'
import { BenchEnvironment } from './bench-environment.ts'

const open = 200
const measuredSeconds = 12
/** Where most installations are: nearly nothing is shared. */
const moderateRate = 70
const bareSeconds = 5

/** A short run whose figures do not depend on the speed of the machine. */
export async function measureGuard(seed: number, say: (line: string) => void): Promise<GuardFigures> {
  const environment = await BenchEnvironment.start({ seed, say })
  try {
    await environment.warmUp(open)
    const before = await atRest(environment)
    const phase = await environment.measure({ name: 'saturation', arrivals: { open }, seconds: measuredSeconds })
    const after = await atRest(environment)
    const moderate = await environment.measure({
      name: `${moderateRate} per second`,
      arrivals: { rate: moderateRate },
      seconds: measuredSeconds,
    })
    const report = await environment.audit()
    await environment.stopServices()
    say('the servers alone')
    const sql = await measureBareSql(environment.server, { seconds: bareSeconds, sessions: 4, perTransaction: 100 })
    const messages = await measureBareMessages(environment.system.broker, bareSeconds)
    const { rows, statements, transactions, roundTrips } = phase.perSaga
    return {
      confirms: (after.confirms - before.confirms) / (after.confirmed - before.confirmed),
      rows,
      statements,
      transactions,
      roundTrips,
      statementsAt70: moderate.perSaga.statements,
      transactionsAt70: moderate.perSaga.transactions,
      roundTripsAt70: moderate.perSaga.roundTrips,
      shareOfMessages: (100 * rateOf(phase)) / messages,
      shareOfSql: (100 * rateOf(phase)) / sql,
      violations: report.checks.reduce((sum, { violations }) => sum + violations, 0),
    }
  } finally {
    await environment.stop()
  }
}

/** Requires that no saga is in flight, so that both counters include the same orders. */
async function atRest({
  processes,
}: BenchEnvironment): Promise<{ readonly confirms: number; readonly confirmed: number }> {
  return {
    confirms: await readCounter(processes, 'outbox_published_total'),
    confirmed: await readCounter(processes, 'saga_finished_total', { outcome: 'confirmed' }),
  }
}
