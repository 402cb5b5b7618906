import type { Counterexample } from './explore.ts'
import type { Checked } from './saga-model.ts'

/** A check as lines of text. */
export function formatCheck(
  name: string,
  { states, steps, depth, ends, counterexample }: Checked,
  tookMs: number,
): string {
  if (counterexample !== undefined) return formatCounterexample(name, counterexample)
  const all = [...ends.values()].reduce((sum, count) => sum + count, 0)
  const kinds = [...ends]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([kind, count]) => `  ${String(count).padStart(4)}  ${kind}`)
  const size = `${number(states)} states, ${number(steps)} steps, at most ${depth} from the first`
  return [`${name}: no promise is broken. ${size}, ${(tookMs / 1000).toFixed(1)} s`, `${all} ends:`, ...kinds].join(
    '\n',
  )
}

export function formatCounterexample(name: string, { broken, steps }: Counterexample): string {
  const numbered = steps.map((step, i) => `  ${String(i).padStart(2)}  ${step}`)
  return [`${name}: ${broken}`, ...numbered].join('\n')
}

const number = (value: number): string => value.toLocaleString('en')
