import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '@order-saga/chassis'
import type { Fault } from './faults.ts'
import type { Heal } from './strike.ts'

export interface Performance {
  readonly faults: readonly Fault[]
  readonly strike: (fault: Fault) => Promise<Heal>
  /** Told of each fault when it has struck, or could not. */
  readonly report: (fault: Fault, atMs: number, result: 'struck' | 'missed' | 'failed', reason?: string) => void
}

/**
 * Performs the schedule and resolves when every fault is healed. A fault waits for the one before it on its resource, in
 * case that took longer to end than planned, and for nothing else.
 * @returns what could not be performed although nothing stood in its way
 */
export async function conduct({ faults, strike, report }: Performance): Promise<string[]> {
  const startedAt = performance.now()
  const last = new Map<string, Promise<void>>()
  const failed: string[] = []
  for (const fault of faults) {
    await pause(Math.max(0, fault.atMs - elapsed()))
    const before = last.get(fault.resource) ?? Promise.resolve()
    last.set(
      fault.resource,
      before.then(() => perform(fault)),
    )
  }
  await Promise.all(last.values())
  return failed

  function elapsed(): number {
    return performance.now() - startedAt
  }

  async function perform(fault: Fault): Promise<void> {
    const atMs = elapsed()
    try {
      const heal = await strike(fault)
      report(fault, atMs, heal === 'missed' ? 'missed' : 'struck')
      if (heal === 'missed') return
      await pause(fault.forMs)
      await heal()
    } catch (error) {
      failed.push(`${fault.name} ${fault.target}: ${messageOf(error)}`)
      report(fault, atMs, 'failed', messageOf(error))
    }
  }
}
