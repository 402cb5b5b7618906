/** A table for people: a heading, then the rows, each column as wide as its widest cell, the last one as it comes. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return [heading, ...rows].map(line).join('\n')
}

/** An instant for people: UTC, to the second. */
export function instant(at: Date | null): string {
  return at === null ? '-' : at.toISOString().replace(/\.\d+Z$/, 'Z')
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
