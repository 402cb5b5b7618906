import type { Step, StepTimes } from './explanation.ts'

/** One event in a saga's history. */
export interface HistoryLine {
  readonly at: string
  readonly event: string
  readonly direction: 'seen' | 'published'
}

/** Fewer sagas than these say nothing about the next one. */
const fewest = 5

const ends: Readonly<Record<Step, { readonly from: string; readonly to: readonly string[] }>> = {
  payment: { from: 'order.created', to: ['payment.completed', 'payment.failed'] },
  stock: { from: 'payment.completed', to: ['inventory.reserved', 'inventory.failed'] },
  refund: { from: 'payment.refund.requested', to: ['payment.refunded'] },
}
const steps = Object.keys(ends) as Step[]

/** How long each step took in these sagas; a step that too few have taken is left out. */
export function stepTimes(histories: readonly (readonly HistoryLine[])[]): Partial<Record<Step, StepTimes>> {
  return Object.fromEntries(
    steps.flatMap((step) => {
      const taken = histories
        .flatMap((history) => stepMs(history, step) ?? [])
        .toSorted((first, second) => first - second)
      return taken.length < fewest ? [] : [[step, timesOf(taken)]]
    }),
  )
}

/** Undefined when the saga has not taken the step, or its events came in another order. */
function stepMs(history: readonly HistoryLine[], step: Step): number | undefined {
  const { from, to } = ends[step]
  const begun = history.find(({ event }) => event === from)
  const ended = history.find(({ event, direction }) => direction === 'seen' && to.includes(event))
  if (begun === undefined || ended === undefined) return undefined
  const ms = Date.parse(ended.at) - Date.parse(begun.at)
  return ms < 0 ? undefined : ms
}

function timesOf(sorted: readonly number[]): StepTimes {
  const rank = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0
  return { p50Ms: rank(0.5), p95Ms: rank(0.95), sagas: sorted.length }
}
