import type { Limit, LimitResult } from './limits.ts'
import { formatTable } from './table.ts'

/** The figures and their limits as text; the last line has the counts in the format of CI. */
export function formatGuard(results: readonly LimitResult[]): string {
  const exceeded = results.filter(({ passed }) => !passed)
  return [
    formatTable([
      ['figure', 'measured', 'limit', ''],
      ...results.map(({ limit, value, passed }) => [
        limit.name,
        value.toFixed(2),
        rangeOf(limit),
        passed ? 'ok' : 'EXCEEDED',
      ]),
    ]),
    ...exceeded.map(({ limit }) => `\n${limit.name}: ${limit.reason}`),
    '',
    `tests: ${results.length - exceeded.length} passed, ${exceeded.length} failed, 0 skipped`,
  ].join('\n')
}

function rangeOf({ min, max }: Limit): string {
  if (min === undefined) return `at most ${max}`
  return max === undefined ? `at least ${min}` : `${min} to ${max}`
}
