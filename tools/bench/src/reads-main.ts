import { number } from '@order-saga/tests/support/number-setting'
import { measureReads } from './reads.ts'
import { readTime, runMeasurement } from './run-measurement.ts'

/** The p99 beside the reads may be at most so many times that of an idle system. */
const largestRatio = 2

await runMeasurement('The measurement failed', {
  options: (env) => ({
    ...readTime(env, 30),
    sagas: number(env, 'SAGAS', { fallback: 500_000, min: 1, max: 100_000_000, whole: true }),
    clients: number(env, 'CLIENTS', { fallback: 60, min: 1, max: 1_000, whole: true }),
  }),
  measure: measureReads,
  format: ({ options, p99, refusedPosts, reads }) =>
    [
      `POST /orders beside ${options.clients} clients that read, with ${options.sagas.toLocaleString('en')} sagas:`,
      `  p99 alone ${p99.idle.toFixed(1)} ms, beside them ${p99.beside.toFixed(1)} ms: ${(p99.beside / p99.idle).toFixed(2)} times`,
      `  orders refused: ${refusedPosts}; reads by status: ${JSON.stringify(reads)}`,
    ].join('\n'),
  passed: ({ p99, refusedPosts }) => refusedPosts === 0 && p99.beside <= largestRatio * p99.idle,
})
