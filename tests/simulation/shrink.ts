import { type FaultKind } from './chance.ts'
import type { Ended, Run } from './simulate.ts'

/** Runs tried at the most; each is smaller than the one that failed. */
const tries = 40

/**
 * Searches a smaller run that fails as well: fewer orders, fewer kinds of faults, fewer faults. Each change alters all
 * later random decisions, so neighbouring seeds are tried, too.
 */
export async function shrink(
  failed: Run,
  ended: Ended,
  simulate: (run: Run) => Promise<Ended>,
): Promise<{ readonly run: Run; readonly ended: Ended }> {
  let best = { run: failed, ended }
  let left = tries
  const takes = async (run: Run): Promise<boolean> => {
    left -= 1
    if (left < 0) return false
    const again = await simulate(run)
    if (again.broken.length === 0) return false
    best = { run, ended: again }
    return true
  }
  const withSeedsNearBy = async (change: (run: Run) => Run): Promise<boolean> => {
    for (let i = 0; i < 5; i += 1) {
      if (await takes({ ...change(best.run), seed: best.run.seed + i })) return true
    }
    return false
  }
  while (best.run.orders > 1) {
    const fewer = Math.floor(best.run.orders / 3) || 1
    if (!(await withSeedsNearBy((run) => ({ ...run, orders: fewer })))) break
  }
  for (const kind of failed.faults.kinds) {
    await takes({ ...best.run, faults: { ...best.run.faults, kinds: without(best.run.faults.kinds, kind) } })
  }
  // A fault beyond the limit does not happen, and what came before stays as it was.
  for (let least = 0, most = best.ended.faults.length; least < most;) {
    const limit = Math.floor((least + most) / 2)
    if (await takes({ ...best.run, faults: { ...best.run.faults, limit } })) most = best.ended.faults.length
    else least = limit + 1
  }
  return best
}

function without(kinds: ReadonlySet<FaultKind>, kind: FaultKind): ReadonlySet<FaultKind> {
  return new Set([...kinds].filter((other) => other !== kind))
}
