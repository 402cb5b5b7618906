import { Gauge } from 'prom-client'
import type { DatabaseClock } from '../core/clock.ts'
import type { ChassisMetrics } from '../core/metrics.ts'

/** Exports the skew as it is at the moment of a scrape. */
export function exportClockSkew({ registry }: ChassisMetrics, clock: DatabaseClock): void {
  const gauge: Gauge = new Gauge({
    name: 'clock_skew_seconds',
    help: "How far this process's clock is ahead of its database's; negative when it is behind; a value of each pod.",
    registers: [registry],
    collect: () => {
      gauge.set(clock.skewMs / 1000)
    },
  })
}

/** @returns why the process is not ready; undefined while the skew is tolerated */
export function clockProblem(clock: DatabaseClock, maxSkewMs: number): string | undefined {
  if (clock.certainSkewMs <= maxSkewMs) return undefined
  const seconds = (Math.abs(clock.skewMs) / 1000).toFixed(1)
  const side = clock.skewMs > 0 ? 'ahead of' : 'behind'
  return (
    `The clock of this process is ${seconds} s ${side} the clock of its database, more than MAX_CLOCK_SKEW_MS ` +
    `(${maxSkewMs} ms): check the time synchronisation of both machines.`
  )
}
