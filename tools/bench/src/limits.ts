/** What one short run says of itself: figures that mean the same on every machine. */
export interface GuardFigures {
  /** For each confirmed order. */
  readonly confirms: number
  readonly rows: number
  readonly statements: number
  readonly transactions: number
  /** Of what the bare servers do on the same machine at the same time, in percent. */
  readonly shareOfMessages: number
  readonly shareOfSql: number
  readonly violations: number
}

export interface Limit {
  readonly figure: keyof GuardFigures
  readonly name: string
  readonly least?: number
  readonly most?: number
  /** Where it comes from. */
  readonly because: string
}

export interface Judged {
  readonly limit: Limit
  readonly value: number
  readonly kept: boolean
}

/**
 * What was measured is of one run on two cores that had other work as well. How many sagas share a transaction depends
 * on how busy the machine is, so what is shared has a limit far away, and what is not shared one that is near.
 */
export const limits: readonly Limit[] = [
  {
    figure: 'confirms',
    name: 'confirms per saga',
    least: 3.9,
    most: 4.2,
    because: 'A confirmed order is four events, each published once (4.00 measured): more are repetitions.',
  },
  {
    figure: 'rows',
    name: 'rows written per saga',
    most: 30,
    because: 'There were 21.4, and sharing makes them no fewer: more are a new row, or one that is updated again.',
  },
  {
    figure: 'statements',
    name: 'statements per saga',
    most: 12,
    because: 'There were 1.3, and about thirty for a saga that shares with none: more tell that sharing is lost.',
  },
  {
    figure: 'transactions',
    name: 'transactions per saga',
    most: 3,
    because: 'There were 0.4, and eleven for a saga that shares with none: more tell that sharing is lost.',
  },
  {
    figure: 'shareOfMessages',
    name: 'share of the bare messages, %',
    least: 4,
    because: 'It was 21 %: less tells that the services do far more for each message, or wait in vain.',
  },
  {
    figure: 'shareOfSql',
    name: 'share of the bare SQL, 100 sagas in each transaction, %',
    least: 3,
    because: 'It was 11 %: less tells that the services do far more in each transaction, or wait in vain.',
  },
  {
    figure: 'violations',
    name: 'violations found by the audit',
    most: 0,
    because: 'Whatever makes the system faster must keep every promise.',
  },
]

/** A figure that is no number breaks its limit. */
export function judge(figures: GuardFigures): Judged[] {
  return limits.map((limit) => {
    const { figure, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = limit
    const value = figures[figure]
    return { limit, value, kept: value >= least && value <= most }
  })
}
