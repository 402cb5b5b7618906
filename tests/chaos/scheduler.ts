import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '@order-saga/chassis'
import type { Fault } from './faults.ts'
import type { FaultRemoval } from './inject-fault.ts'

export interface ScheduleRun {
  readonly faults: readonly Fault[]
  readonly inject: (fault: Fault) => Promise<FaultRemoval>
  /** Called for each fault when it was injected or skipped or has failed. */
  readonly report: (fault: Fault, atMs: number, result: 'injected' | 'skipped' | 'failed', reason?: string) => void
}

/**
 * Injects the faults of a schedule and resolves when all are removed. A fault waits for the previous fault on its resource,
 * whose removal may take longer than planned.
 * @returns the faults that failed, with the reason
 */
export async function runSchedule({ faults, inject, report }: ScheduleRun): Promise<string[]> {
  const startedAt = performance.now()
  const last = new Map<string, Promise<void>>()
  const failed: string[] = []
  for (const fault of faults) {
    await pause(Math.max(0, fault.atMs - elapsed()))
    const before = last.get(fault.resource) ?? Promise.resolve()
    last.set(
      fault.resource,
      before.then(() => run(fault)),
    )
  }
  await Promise.all(last.values())
  return failed

  function elapsed(): number {
    return performance.now() - startedAt
  }

  async function run(fault: Fault): Promise<void> {
    const atMs = elapsed()
    try {
      const remove = await inject(fault)
      report(fault, atMs, remove === 'skipped' ? 'skipped' : 'injected')
      if (remove === 'skipped') return
      await pause(fault.durationMs)
      await remove()
    } catch (error) {
      failed.push(`${fault.name} ${fault.target}: ${messageOf(error)}`)
      report(fault, atMs, 'failed', messageOf(error))
    }
  }
}
