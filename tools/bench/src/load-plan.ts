import { percentile } from '@order-saga/tests/support/percentile'

/** What the load generator is to do; it is given as JSON, for it is a process of its own. */
export interface LoadPlan {
  readonly orderUrl: string
  readonly rabbitMqUrl: string
  readonly exchange: string
  /** An article that is in stock. */
  readonly sku: string
  /**
   * `rate`: orders per second, sent when they are due, whatever the answers take (open loop, Poisson arrivals).
   * `open`: sagas kept under way, a new order for each that has ended: what the system does at most.
   */
  readonly arrivals: { readonly rate: number } | { readonly open: number }
  readonly mix: Mix
  /** Before the measurement begins, in seconds. */
  readonly warmUpS: number
  readonly seconds: number
  readonly seed: number
}

/** Parts of the orders, together 1. */
export interface Mix {
  readonly confirmed: number
  readonly declined: number
  readonly outOfStock: number
}

/** Orders per second for a system that has next to nothing to do. */
export const idleRate = 10

/** Latencies in milliseconds. */
export interface Latencies {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export interface LoadResult {
  /** Orders due in the measured time. */
  readonly offered: number
  readonly accepted: number
  readonly refused: number
  /** Without any answer. */
  readonly failed: number
  /** Sagas whose outcome was announced within the measured time, whenever they began. */
  readonly completed: number
  readonly seconds: number
  /** From the moment the order was due to its 202. */
  readonly post: Latencies
  /** From the moment the order was due to the arrival of order.confirmed or order.cancelled at the load generator. */
  readonly outcome: Latencies
  /** Orders of the measured time whose outcome had not come 30 s after it. */
  readonly unfinished: number
}

export function latenciesOf(values: readonly number[]): Latencies {
  const at = (percent: number): number => percentile(values, percent)
  return { p50: at(50), p99: at(99), p999: at(99.9), max: at(100) }
}
