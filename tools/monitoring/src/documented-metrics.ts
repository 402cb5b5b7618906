import { readFileSync } from 'node:fs'

export interface DocumentedMetric {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
  /** The processes that export it; of Node's own metrics: all of them. */
  readonly from: readonly string[] | 'all'
}

const page = new URL('../../../docs/metrics.md', import.meta.url)
const code = /`([^`]+)`/g

/** What docs/metrics.md says processes export. */
export function documentedMetrics(): DocumentedMetric[] {
  return rows('Type').map(([name = '', type = '', labels = '', ...rest], i, all) => {
    const from = all[i]?.length === columnsWithFrom ? (rest[0] ?? '').split(', ') : 'all'
    return { name: coded(name)[0] ?? '', type, labels: coded(labels).toSorted(), from }
  })
}

/** What docs/metrics.md says Prometheus records. */
export function recordedMetrics(): string[] {
  return rows('Labels').flatMap(([name = '', , meaning = '']) => {
    const [first = ''] = coded(name)
    const others = coded(meaning).filter((word) => /^rate\d+\w$/.test(word))
    return [first, ...others.map((window) => first.replace(/rate\d+\w$/, window))]
  })
}

const columnsWithFrom = 7

/** The rows of every table whose second column has this heading. */
function rows(second: string): string[][] {
  const found: string[][] = []
  let inside = false
  for (const line of readFileSync(page, 'utf8').split('\n')) {
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    if (cells[0] === 'Metric') inside = cells[1] === second
    else if (cells.length === 0) inside = false
    else if (inside && !/^-+$/.test(cells[0] ?? '')) found.push(cells)
  }
  return found
}

const coded = (cell: string): string[] => [...cell.matchAll(code)].map(([, word]) => word ?? '')
