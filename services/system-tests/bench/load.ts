import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { LoadPlan, LoadResult } from './load-plan.ts'

const program = fileURLToPath(new URL('load-main.ts', import.meta.url))

export interface LoadWatch {
  /** The measured time begins; the process id is the load generator's. */
  readonly onBegin: (pid: number) => Promise<void>
  readonly onEnd: (pid: number) => Promise<void>
}

/** Runs the load generator, a process of its own, to its end. */
export async function runLoad(plan: LoadPlan, { onBegin, onEnd }: LoadWatch): Promise<LoadResult> {
  const child = spawn(process.execPath, ['--conditions=source', '--import=tsx', program, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = child.pid ?? 0
  const exited = once(child, 'exit')
  let result: LoadResult | undefined
  let watching = Promise.resolve()
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'begin') watching = watching.then(() => onBegin(pid))
      else if (line === 'end') watching = watching.then(() => onEnd(pid))
      else result = JSON.parse(line) as LoadResult
    }
    await watching
  } finally {
    child.kill()
    await exited
  }
  if (result === undefined) throw new Error('The load generator ended without a result.')
  return result
}
