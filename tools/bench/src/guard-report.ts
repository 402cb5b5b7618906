import type { Judged, Limit } from './limits.ts'
import { table } from './table.ts'

/** The figures beside their limits; the last line counts the limits as a test run counts its tests. */
export function formatGuard(judged: readonly Judged[]): string {
  const broken = judged.filter(({ kept }) => !kept)
  return [
    table([
      ['figure', 'measured', 'limit', ''],
      ...judged.map(({ limit, value, kept }) => [limit.name, value.toFixed(2), rangeOf(limit), kept ? 'ok' : 'BROKEN']),
    ]),
    ...broken.map(({ limit }) => `\n${limit.name}: ${limit.because}`),
    '',
    `tests: ${judged.length - broken.length} passed, ${broken.length} failed, 0 skipped`,
  ].join('\n')
}

function rangeOf({ least, most }: Limit): string {
  if (least === undefined) return `at most ${most}`
  return most === undefined ? `at least ${least}` : `${least} to ${most}`
}
