import { number } from '@order-saga/tests/support/number-setting'
import { lifeCosts, outboxForms } from './outbox-forms.ts'
import { runMeasurement } from './run-measurement.ts'
import { table } from './table.ts'

await runMeasurement('The forms of the outbox could not be measured', {
  options: (env) => ({
    events: number(env, 'EVENTS', { fallback: 60_000, min: 1_000, max: 10_000_000, whole: true }),
    rounds: number(env, 'ROUNDS', { fallback: 2, min: 1, max: 100, whole: true }),
  }),
  measure: outboxForms,
  format: (all) =>
    table([
      ['CPU µs of an event', 'append', 'mark', 'clean-up', 'together', 'to the first', 'WAL bytes', 'HOT'],
      ...all.map((costs) => [
        costs.name,
        ...[costs.append, costs.mark, costs.cleanUp, lifeCosts(costs)].map((us) => us.toFixed(1)),
        (lifeCosts(costs) / lifeCosts(all[0] ?? costs)).toFixed(2),
        costs.walBytes.toFixed(0),
        `${(100 * costs.hotShare).toFixed(0)} %`,
      ]),
    ]),
  good: () => true,
})
