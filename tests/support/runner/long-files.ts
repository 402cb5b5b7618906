/** A file of `make test` takes no longer than this, unless it is listed here. */
const limitSeconds = 20

/** Why a file takes longer than others, and how long it may take. Seconds on two processors that all workers share. */
const longFiles: Readonly<Record<string, { readonly seconds: number; readonly reason: string }>> = {
  'packages/chassis/test/messaging/consumer-losses.test.ts': { seconds: 40, reason: 'starts a broker twice' },
  'packages/chassis/test/persistence/pooler.test.ts': {
    seconds: 180,
    reason: 'installs PgBouncer, once for a machine',
  },
  'packages/chassis/test/persistence/relay.test.ts': { seconds: 40, reason: 'starts a broker' },
  'packages/chassis/test/process/service.test.ts': { seconds: 60, reason: 'starts ten processes, one after the other' },
  'tests/system/environment.test.ts': { seconds: 40, reason: 'starts ten programs, one after the other' },
  'tests/system/outages.test.ts': { seconds: 60, reason: 'starts a broker and a database twice, under orders' },
  'tests/system/rolling-restart.test.ts': { seconds: 60, reason: 'replaces each of the services under orders' },
}

/** One sentence for each file that took longer than it may. */
export function tooLong(durations: Readonly<Record<string, number>>): string[] {
  return Object.entries(durations).flatMap(([path, seconds]) => {
    const allowed = longFiles[path]?.seconds ?? limitSeconds
    return seconds <= allowed ? [] : [`${path} took ${seconds.toFixed(1)} s, and may take ${allowed} s.`]
  })
}
