import { bareMessages } from './bare-messages.ts'
import { bareSql } from './bare-sql.ts'
import { countOf } from './costs.ts'
import type { GuardFigures } from './limits.ts'
import { rateOf } from './phase.ts'
import { Stage } from './stage.ts'

const open = 200
const measuredSeconds = 12
const bareSeconds = 5

/** A run that is short enough for every change, and says nothing that depends on the speed of the machine. */
export async function guard(seed: number, say: (line: string) => void): Promise<GuardFigures> {
  const stage = await Stage.start({ seed, say })
  try {
    await stage.warmUp(open)
    const before = await atRest(stage)
    const phase = await stage.measure({ name: 'saturation', arrivals: { open }, seconds: measuredSeconds })
    const after = await atRest(stage)
    const report = await stage.audit()
    await stage.stopServices()
    say('the bare servers')
    const sql = await bareSql(stage.server, { seconds: bareSeconds, lanes: 4, perTransaction: 100 })
    const messages = await bareMessages(stage.system.broker, bareSeconds)
    const { rows, statements, transactions } = phase.perSaga
    return {
      confirms: (after.confirms - before.confirms) / (after.confirmed - before.confirmed),
      rows,
      statements,
      transactions,
      shareOfMessages: (100 * rateOf(phase)) / messages,
      shareOfSql: (100 * rateOf(phase)) / sql,
      violations: report.checks.reduce((sum, { violations }) => sum + violations, 0),
    }
  } finally {
    await stage.stop()
  }
}

/** With nothing under way, so that what is compared belongs to the same orders. */
async function atRest({ processes }: Stage): Promise<{ readonly confirms: number; readonly confirmed: number }> {
  return {
    confirms: await countOf(processes, 'outbox_published_total'),
    confirmed: await countOf(processes, 'saga_finished_total', { outcome: 'confirmed' }),
  }
}
