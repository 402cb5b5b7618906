import type { LoadPlan, LoadResult } from './load-plan.ts'
import { runChild } from './run-child.ts'

export interface LoadListener {
  /** Called when the measured time begins, with the process id of the load generator. */
  readonly onBegin: (pid: number) => Promise<void>
  readonly onEnd: (pid: number) => Promise<void>
}

/** Runs the load generator in a process of its own. */
export async function runLoad(plan: LoadPlan, { onBegin, onEnd }: LoadListener): Promise<LoadResult> {
  let watching = Promise.resolve()
  const result = await runChild<LoadResult>('load-main.ts', plan, (line, pid) => {
    watching = watching.then(() => (line === 'begin' ? onBegin(pid) : onEnd(pid)))
    // `await watching` below reports the error.
    watching.catch(() => undefined)
  })
  await watching
  return result
}
