import { type Costs, readCosts, type CostSources, perSaga } from './costs.ts'
import { runLoad } from './load.ts'
import type { LoadPlan, LoadResult } from './load-plan.ts'
import { type Part, type Usage, readUsage } from './machine.ts'

export interface Phase {
  readonly name: string
  readonly load: LoadResult
  /** CPU time of each part within the measured time, in ms. */
  readonly cpuMs: Readonly<Record<string, number>>
  /** Average number of busy cores, the load generator included. */
  readonly cores: number
  /** Memory at the end of the phase. */
  readonly memory: Readonly<Record<string, Usage>>
  /** Per saga completed within the measured time. */
  readonly perSaga: Costs
}

const loadGenerator = 'load generator'

interface Snapshot {
  readonly costs: Costs
  readonly usage: Readonly<Record<string, Usage>>
  readonly at: number
}

/** Runs the load generator and measures its resource consumption and that of the system. */
export async function measurePhase(
  name: string,
  plan: LoadPlan,
  { parts, ...sources }: CostSources & { readonly parts: readonly Part[] },
): Promise<Phase> {
  const takeSnapshot = async (generator: number): Promise<Snapshot> => ({
    costs: await readCosts(sources),
    at: performance.now(),
    usage: await readUsage([...parts, { name: loadGenerator, pid: generator, withChildren: false }]),
  })
  let before: Snapshot | undefined
  let after: Snapshot | undefined
  const load = await runLoad(plan, {
    onBegin: async (pid) => {
      before = await takeSnapshot(pid)
    },
    onEnd: async (pid) => {
      after = await takeSnapshot(pid)
    },
  })
  if (before === undefined || after === undefined) throw new Error('The load generator measured nothing.')
  const begun = before
  const cpuMs = Object.fromEntries(
    Object.entries(after.usage).map(([part, usage]) => [part, usage.cpuMs - (begun.usage[part]?.cpuMs ?? 0)]),
  )
  return {
    name,
    load,
    cpuMs,
    cores: busyCores(cpuMs, after.at - begun.at),
    memory: after.usage,
    perSaga: perSaga(begun.costs, after.costs, Math.max(1, load.completed)),
  }
}

/** The number of cores of the machine means CPU-bound; fewer means that the parts waited for I/O or each other. */
export function busyCores(cpuMs: Readonly<Record<string, number>>, wallMs: number): number {
  return Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0) / wallMs
}

/** Sagas per second. */
export const rateOf = ({ load }: Pick<Phase, 'load'>): number => load.completed / load.seconds

/** The parts without the load generator. */
export function systemOf<T>(parts: Readonly<Record<string, T>>): (readonly [part: string, of: T])[] {
  return Object.entries(parts).filter(([part]) => part !== loadGenerator)
}

/** CPU time per saga in ms, without the load generator. */
export function cpuPerSaga({ cpuMs, load }: Pick<Phase, 'cpuMs' | 'load'>): number {
  return systemOf(cpuMs).reduce((sum, [, ms]) => sum + ms, 0) / Math.max(1, load.completed)
}
