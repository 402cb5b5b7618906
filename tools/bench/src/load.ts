import type { LoadPlan, LoadResult } from './load-plan.ts'
import { runChild } from './run-child.ts'

export interface LoadWatch {
  /** The measured time begins; the process id is the load generator's. */
  readonly onBegin: (pid: number) => Promise<void>
  readonly onEnd: (pid: number) => Promise<void>
}

/** Runs the load generator, a process of its own, to its end. */
export async function runLoad(plan: LoadPlan, { onBegin, onEnd }: LoadWatch): Promise<LoadResult> {
  let watching = Promise.resolve()
  const result = await runChild<LoadResult>('load-main.ts', plan, (line, pid) => {
    watching = watching.then(() => (line === 'begin' ? onBegin(pid) : onEnd(pid)))
    // What goes wrong is told after the load has ended; nobody listens before.
    watching.catch(() => undefined)
  })
  await watching
  return result
}
