import { number } from '@order-saga/tests/support/number-setting'
import { measureGrowth } from './growth.ts'
import { regressions } from './growth-figures.ts'
import { formatGrowth } from './growth-report.ts'
import { readOpen, runMeasurement, readTime } from './run-measurement.ts'

const million = 1_000_000

await runMeasurement('The benchmark failed', {
  options: (env) => {
    const orders = number(env, 'ORDERS', { fallback: million, min: 0, max: 1_000 * million, whole: true })
    return {
      ...readTime(env, 30),
      open: readOpen(env),
      orders,
      // Each published event belongs to an order.
      published: number(env, 'PUBLISHED', { fallback: Math.min(million, orders), min: 0, max: orders, whole: true }),
      backlog: number(env, 'BACKLOG', { fallback: 100_000, min: 0, max: 5 * million, whole: true }),
      // The retention of the prefilled events ends after 12 hours.
      soakMinutes: number(env, 'SOAK_MINUTES', { fallback: 0, min: 0, max: 600 }),
    }
  },
  measure: measureGrowth,
  format: formatGrowth,
  passed: (result) => regressions(result).length === 0 && (result.violations ?? '') === '',
})
