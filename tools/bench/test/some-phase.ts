import type { LoadResult } from '../src/load-plan.ts'
import type { Phase } from '../src/phase.ts'

const latencies = { p50: 10, p99: 20, p999: 30, max: 40 }
const load: LoadResult = {
  offered: 1_000,
  accepted: 1_000,
  refused: 0,
  failed: 0,
  completed: 1_000,
  seconds: 10,
  post: latencies,
  outcome: latencies,
  unfinished: 0,
}

/** A phase of 10 s with 100 completed sagas per second unless overridden. */
export function somePhase(name: string, more: Partial<LoadResult> = {}): Phase {
  const usage = { cpuMs: 0, residentMiB: 100, proportionalMiB: 80 }
  return {
    name,
    load: { ...load, ...more },
    cpuMs: { order: 3_000, PostgreSQL: 2_000, 'load generator': 1_000 },
    cores: 0.6,
    memory: { order: usage, PostgreSQL: usage, 'load generator': usage },
    perSaga: {
      walBytes: 9_000,
      networkBytes: 8_000,
      statements: 3,
      transactions: 1,
      roundTrips: 2,
      rows: 21,
      confirms: 4,
    },
  }
}
