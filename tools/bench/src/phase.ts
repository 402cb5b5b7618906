import { type Costs, costsOf, type CostSources, perSaga } from './costs.ts'
import { runLoad } from './load.ts'
import type { LoadPlan, LoadResult } from './load-plan.ts'
import { type Part, type Usage, usageOf } from './machine.ts'

export interface Phase {
  readonly name: string
  readonly load: LoadResult
  /** CPU time spent by each part in the measured time, in ms. */
  readonly cpuMs: Readonly<Record<string, number>>
  /** Cores that the parts, the load generator among them, kept busy on average. */
  readonly cores: number
  /** Memory at its end. */
  readonly memory: Readonly<Record<string, Usage>>
  /** For each saga that was completed in the measured time. */
  readonly perSaga: Costs
}

const loadGenerator = 'load generator'

interface Look {
  readonly costs: Costs
  readonly usage: Readonly<Record<string, Usage>>
  readonly at: number
}

/** Lets the load generator work through its plan, and measures what it and the system spend meanwhile. */
export async function measurePhase(
  name: string,
  plan: LoadPlan,
  { parts, ...sources }: CostSources & { readonly parts: readonly Part[] },
): Promise<Phase> {
  const look = async (generator: number): Promise<Look> => ({
    costs: await costsOf(sources),
    at: performance.now(),
    usage: await usageOf([...parts, { name: loadGenerator, pid: generator, withChildren: false }]),
  })
  let before: Look | undefined
  let after: Look | undefined
  const load = await runLoad(plan, {
    onBegin: async (pid) => {
      before = await look(pid)
    },
    onEnd: async (pid) => {
      after = await look(pid)
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

/** As many as the machine has: the time went to CPU. Fewer: the parts waited, for the disk or for each other. */
export function busyCores(cpuMs: Readonly<Record<string, number>>, wallMs: number): number {
  return Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0) / wallMs
}

/** Sagas per second. */
export const rateOf = ({ load }: Pick<Phase, 'load'>): number => load.completed / load.seconds

/** The parts of the system, which the load generator is none of. */
export function systemOf<T>(parts: Readonly<Record<string, T>>): (readonly [part: string, of: T])[] {
  return Object.entries(parts).filter(([part]) => part !== loadGenerator)
}

/** CPU of the system. */
export function cpuPerSaga({ cpuMs, load }: Pick<Phase, 'cpuMs' | 'load'>): number {
  return systemOf(cpuMs).reduce((sum, [, ms]) => sum + ms, 0) / Math.max(1, load.completed)
}
