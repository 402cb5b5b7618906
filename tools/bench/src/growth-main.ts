import { number } from '@order-saga/tests/support/number-setting'
import { growth } from './growth.ts'
import { fallen } from './growth-figures.ts'
import { formatGrowth } from './growth-report.ts'
import { openIn, runMeasurement, timeIn } from './run-measurement.ts'

const million = 1_000_000

await runMeasurement('The growth could not be measured', {
  options: (env) => {
    const orders = number(env, 'ORDERS', { fallback: million, min: 0, max: 1_000 * million, whole: true })
    return {
      ...timeIn(env, 30),
      open: openIn(env),
      orders,
      // None without its order.
      published: number(env, 'PUBLISHED', { fallback: Math.min(million, orders), min: 0, max: orders, whole: true }),
      backlog: number(env, 'BACKLOG', { fallback: 100_000, min: 0, max: 5 * million, whole: true }),
      // The events that are put in are kept for no longer.
      soakMinutes: number(env, 'SOAK_MINUTES', { fallback: 0, min: 0, max: 600 }),
    }
  },
  measure: growth,
  format: formatGrowth,
  good: (result) => fallen(result).length === 0 && (result.violations ?? '') === '',
})
