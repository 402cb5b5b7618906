import { percentile } from '@order-saga/tests/support/percentile'

/** The plan of the load generator, which is a process of its own and gets it as JSON. */
export interface LoadPlan {
  readonly orderUrl: string
  readonly rabbitMqUrl: string
  readonly exchange: string
  /** An article in stock. */
  readonly sku: string
  /**
   * `rate`: orders per second, sent when due, independent of response times (open loop, Poisson arrivals).
   * `open`: concurrent sagas, a new order for each completed one (closed loop): saturation.
   */
  readonly arrivals: { readonly rate: number } | { readonly open: number }
  readonly mix: Mix
  /** Warm-up before the measurement, in seconds. */
  readonly warmUpS: number
  readonly seconds: number
  readonly seed: number
}

/** Ratios of the orders; their sum is 1. */
export interface Mix {
  readonly confirmed: number
  readonly declined: number
  readonly outOfStock: number
}

/** Orders per second of the idle phase. */
export const idleRate = 10

/** Latencies in milliseconds. */
export interface Latencies {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export interface LoadResult {
  /** Orders due within the measured time. */
  readonly offered: number
  readonly accepted: number
  readonly refused: number
  /** Orders without a response. */
  readonly failed: number
  /** Sagas whose outcome arrived within the measured time, including orders of the warm-up. */
  readonly completed: number
  readonly seconds: number
  /** From the due time of the order to its 202. */
  readonly post: Latencies
  /** From the due time of the order to order.confirmed or order.cancelled at the load generator. */
  readonly outcome: Latencies
  /** Orders of the measured time without an outcome 30 s after its end. */
  readonly unfinished: number
}

export function latenciesOf(values: readonly number[]): Latencies {
  const at = (percent: number): number => percentile(values, percent)
  return { p50: at(50), p99: at(99), p999: at(99.9), max: at(100) }
}
