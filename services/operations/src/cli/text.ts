import type { SagaState } from '@order-saga/order'

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof unitsMs

/** About 31 years: an instant so long ago still exists. The API has the same limit. */
const longestMs = 999_999_999_999

/** Milliseconds of `90s`, `5m`, `2h`, `7d`, `250ms`; undefined for anything else. */
export function readDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  const ms = Number(count) * unitsMs[unit as Unit]
  return ms <= longestMs ? ms : undefined
}

/** A duration in its largest unit: `12 s`, `5 min`, `3 h`, `8 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

export function fromNow(at: Date, now: Date): string {
  const ms = at.getTime() - now.getTime()
  return ms > 0 ? `in ${span(ms)}` : `${span(-ms)} ago`
}

/** A table with a heading; each column but the last is padded to its widest cell. Empty without rows. */
export function tableOf(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const widths = heading.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return [heading, ...rows].map(line)
}

export function instant(at: Date | null): string {
  return at === null ? '-' : at.toISOString().replace(/\.\d+Z$/, 'Z')
}

export function sagaWords({ status, compensation }: Pick<SagaState, 'status' | 'compensation'>): string {
  return compensation === 'none' ? status : `${status}/${compensation}`
}
