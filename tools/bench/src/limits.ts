/** The figures of a short run that are comparable between machines. */
export interface GuardFigures {
  /** Per confirmed order. */
  readonly confirms: number
  readonly rows: number
  /** At saturation. */
  readonly statements: number
  readonly transactions: number
  readonly roundTrips: number
  /** At 70 orders per second. */
  readonly statementsAt70: number
  readonly transactionsAt70: number
  readonly roundTripsAt70: number
  /** Throughput in percent of the servers alone, on the same machine in the same run. */
  readonly shareOfMessages: number
  readonly shareOfSql: number
  readonly violations: number
}

export interface Limit {
  readonly figure: keyof GuardFigures
  readonly name: string
  readonly min?: number
  readonly max?: number
  /** The source of the limit. */
  readonly reason: string
}

export interface LimitResult {
  readonly limit: Limit
  readonly value: number
  readonly passed: boolean
}

/**
 * Measured in one run on 2 vCPU under other load. The number of sagas per transaction depends on that load: figures that
 * depend on it have wide limits, the others narrow ones.
 */
export const limits: readonly Limit[] = [
  {
    figure: 'confirms',
    name: 'confirms per saga',
    min: 3.9,
    max: 4.2,
    reason: 'Measured 4.00: a confirmed order has four events. More: events are published repeatedly.',
  },
  {
    figure: 'rows',
    name: 'rows written per saga',
    max: 30,
    reason: 'Measured 21.4, independent of batching. More: an additional row or update per saga.',
  },
  {
    figure: 'statements',
    name: 'statements per saga',
    max: 6,
    reason: 'Measured 0.5, and 16 without batching. More: batching is lost.',
  },
  {
    figure: 'transactions',
    name: 'transactions per saga',
    max: 3,
    reason: 'Measured 0.3, and 7 without batching. More: batching is lost.',
  },
  {
    figure: 'roundTrips',
    name: 'round trips per saga',
    max: 2,
    reason: 'Measured 0.2, and 7 without batching. More: batching is lost.',
  },
  {
    figure: 'statementsAt70',
    name: 'statements per saga at 70 per second',
    max: 18,
    reason: 'Measured 14; 16 when no saga shares a transaction. More: an additional statement, or rows that are read.',
  },
  {
    figure: 'transactionsAt70',
    name: 'transactions per saga at 70 per second',
    max: 9,
    reason: 'Measured 6.9; 7 when no saga shares a transaction. More: marks have transactions of their own.',
  },
  {
    figure: 'roundTripsAt70',
    name: 'round trips per saga at 70 per second',
    max: 8.5,
    reason: 'Measured 5.8; 7 when no saga shares a transaction. More: a reaction reads rows that it wrote last.',
  },
  {
    figure: 'shareOfMessages',
    name: 'throughput of RabbitMQ alone, %',
    min: 4,
    reason: 'Measured 21 %. Less: the services do more work per message, or wait.',
  },
  {
    figure: 'shareOfSql',
    name: 'throughput of PostgreSQL alone, 100 sagas per transaction, %',
    min: 3,
    reason: 'Measured 11 %. Less: the services do more work per transaction, or wait.',
  },
  {
    figure: 'violations',
    name: 'violations found by the audit',
    max: 0,
    reason: 'A change of performance must not violate an invariant.',
  },
]

/** NaN exceeds its limit. */
export function evaluate(figures: GuardFigures): LimitResult[] {
  return limits.map((limit) => {
    const { figure, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = limit
    const value = figures[figure]
    return { limit, value, passed: value >= min && value <= max }
  })
}
