import type { Durations } from './durations.ts'

/** A file of `make test` takes no longer than this, unless it is listed here. */
const limitSeconds = 20
/** `make test` on two processors that do nothing else takes about this. */
const quietRunSeconds = 200

/** Why a file takes longer than others, and how long it may take. Seconds on two processors that all workers share. */
export const longFiles: Durations<{ readonly seconds: number; readonly reason: string }> = {
  'packages/chassis/test/messaging/administration.test.ts': {
    seconds: 100,
    reason: 'starts a broker twice, and waits for its alarms',
  },
  'packages/chassis/test/messaging/consumer-losses.test.ts': { seconds: 60, reason: 'loses connections' },
  'packages/chassis/test/messaging/odd-deliveries.test.ts': {
    seconds: 60,
    reason: 'starts a broker, and dead-letters each of thirty messages three times',
  },
  'packages/chassis/test/persistence/pooler.test.ts': {
    seconds: 180,
    reason: 'installs PgBouncer, once for a machine',
  },
  'packages/chassis/test/persistence/relay.test.ts': { seconds: 60, reason: 'a database and queues for each test' },
  'packages/chassis/test/process/service.test.ts': {
    seconds: 150,
    reason: 'starts ten processes, one after the other',
  },
  'services/operations/test/audit-exporter.test.ts': { seconds: 60, reason: 'starts and stops its own database' },
  'services/operations/test/cli/dead-letter-queues.test.ts': { seconds: 60, reason: 'fills queues by the thousand' },
  'services/operations/test/cli/odd-dead-letters.test.ts': {
    seconds: 60,
    reason: 'runs four commands for each of many messages',
  },
  'services/operations/test/cli/replay.test.ts': { seconds: 60, reason: 'kills a command between confirm and ack' },
  'services/operations/test/credentials.test.ts': {
    seconds: 60,
    reason: 'starts a broker and a database with other users',
  },
  'services/order/test/http/database-unavailable.test.ts': {
    seconds: 60,
    reason: 'restarts and pauses its own database',
  },
  'services/order/test/wait-for-schema.test.ts': { seconds: 60, reason: 'starts programs, one after the other' },
  'tests/model/model.test.ts': { seconds: 40, reason: 'explores every interleaving of one order' },
  'tests/simulation/simulation.test.ts': {
    seconds: 120,
    reason: 'runs every saga of the simulation twice, one statement at a time',
  },
  'tests/system/bad-messages.test.ts': { seconds: 40, reason: 'starts a system' },
  'tests/system/clock-skew.test.ts': { seconds: 60, reason: 'replaces processes by ones with another clock' },
  'tests/system/console/console-api.test.ts': {
    seconds: 100,
    reason: 'drives sagas to each state that the console shows',
  },
  'tests/system/crashes.test.ts': { seconds: 60, reason: 'crashes and restarts a service at each gate' },
  'tests/system/deliveries.test.ts': { seconds: 80, reason: 'repeats each event, and reorders each pair of events' },
  'tests/system/dead-letters.test.ts': { seconds: 60, reason: 'starts a system, and waits for all attempts' },
  'tests/system/deadlines.test.ts': { seconds: 60, reason: 'lets sagas reach their deadlines' },
  'tests/system/environment.test.ts': { seconds: 80, reason: 'starts ten programs, one after the other' },
  'tests/system/flows.test.ts': { seconds: 60, reason: 'starts a system twice' },
  'tests/system/metrics.test.ts': { seconds: 60, reason: 'starts a system twice' },
  'tests/system/outages.test.ts': { seconds: 120, reason: 'starts a broker and a database twice, under orders' },
  'tests/system/overload.test.ts': { seconds: 60, reason: 'lets slow clients reach their time limits' },
  'tests/system/rolling-restart.test.ts': { seconds: 60, reason: 'replaces the order service under orders' },
  'tests/system/telemetry.test.ts': { seconds: 60, reason: 'starts a system, and waits for a late payment' },
  'tests/system/trust/attack-matrix.test.ts': {
    seconds: 90,
    reason: 'starts a broker and a system, and makes ten thousand attempts',
  },
  'tools/ci/test/release.test.ts': { seconds: 40, reason: 'runs npm for each image, one after the other' },
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
