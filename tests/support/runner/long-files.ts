import type { Durations } from './durations.ts'

/** A file of `make test` takes no longer than this, unless it is listed here. */
const limitSeconds = 20
/** `make test` on two processors that do nothing else takes about this. */
const quietRunSeconds = 200

/** Why a file takes longer than others, and how long it may take. Seconds on two processors that all workers share. */
export const longFiles: Durations<{ readonly seconds: number; readonly reason: string }> = {
  'packages/chassis/test/messaging/consumer-losses.test.ts': { seconds: 60, reason: 'starts a broker twice' },
  'packages/chassis/test/persistence/pooler.test.ts': {
    seconds: 180,
    reason: 'installs PgBouncer, once for a machine',
  },
  'packages/chassis/test/persistence/relay.test.ts': { seconds: 60, reason: 'starts a broker' },
  'packages/chassis/test/process/service.test.ts': { seconds: 90, reason: 'starts ten processes, one after the other' },
  'services/operations/test/audit-exporter.test.ts': { seconds: 40, reason: 'starts and stops its own database' },
  'services/operations/test/cli/dead-letter-queues.test.ts': { seconds: 40, reason: 'fills queues by the thousand' },
  'services/order/test/http/database-unavailable.test.ts': {
    seconds: 40,
    reason: 'restarts and pauses its own database',
  },
  'services/order/test/wait-for-schema.test.ts': { seconds: 40, reason: 'starts programs, one after the other' },
  'tests/simulation/simulation.test.ts': { seconds: 60, reason: 'runs every saga of the simulation twice' },
  'tests/system/clock-skew.test.ts': { seconds: 50, reason: 'replaces processes by ones with another clock' },
  'tests/system/console/console-api.test.ts': {
    seconds: 60,
    reason: 'drives sagas to each state that the console shows',
  },
  'tests/system/crashes.test.ts': { seconds: 40, reason: 'crashes and restarts a service at each gate' },
  'tests/system/deadlines.test.ts': { seconds: 40, reason: 'lets sagas reach their deadlines' },
  'tests/system/environment.test.ts': { seconds: 40, reason: 'starts ten programs, one after the other' },
  'tests/system/outages.test.ts': { seconds: 80, reason: 'starts a broker and a database twice, under orders' },
  'tests/system/rolling-restart.test.ts': { seconds: 90, reason: 'replaces each of the services under orders' },
  'tools/dev/test/test-servers.test.ts': { seconds: 40, reason: 'starts servers in runs of its own' },
}

/**
 * One sentence for each file that took longer than it may. On a busy machine everything takes longer, and some files much
 * longer than the average: the limits grow by the square of what the whole run took more than on a quiet machine.
 */
export function tooLong(durations: Durations, runSeconds: number): string[] {
  const slowdown = Math.max(1, runSeconds / quietRunSeconds) ** 2
  return Object.entries(durations).flatMap(([path, seconds]) => {
    const allowed = (longFiles[path]?.seconds ?? limitSeconds) * slowdown
    if (seconds <= allowed) return []
    return [
      `${path} took ${seconds.toFixed(0)} s, and may take ${allowed.toFixed(0)} s in this run of ${runSeconds.toFixed(0)} s: ` +
        'make it faster, divide it, or list it with a reason in tests/support/runner/long-files.ts.',
    ]
  })
}
