import { readFileSync } from 'node:fs'

export interface DocumentedMetric {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
  /** The processes that export it; `all` for Node's default metrics. */
  readonly from: readonly string[] | 'all'
}

const page = new URL('../../../docs/metrics.md', import.meta.url)

/** The exported metrics listed in docs/metrics.md. */
export function documentedMetrics(): DocumentedMetric[] {
  return rows()
    .filter((row) => row.has('Type'))
    .map((row) => ({
      name: coded(row.get('Metric'))[0] ?? '',
      type: row.get('Type') ?? '',
      labels: coded(row.get('Labels')).toSorted(),
      from: row.get('From')?.split(', ') ?? 'all',
    }))
}

/** The recording rules listed in docs/metrics.md. */
export function recordedMetrics(): string[] {
  return rows()
    .filter((row) => !row.has('Type'))
    .flatMap((row) => coded(row.get('Metric')))
}

/** The rows of every table of metrics, as cells by heading. */
function rows(): Map<string, string>[] {
  const found: Map<string, string>[] = []
  let headings: string[] = []
  for (const line of readFileSync(page, 'utf8').split('\n')) {
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    if (cells.length === 0) headings = []
    else if (cells[0] === 'Metric') headings = cells
    else if (headings.length > 0 && !/^-+$/.test(cells[0] ?? '')) {
      found.push(new Map(headings.map((heading, i) => [heading, cells[i] ?? ''])))
    }
  }
  return found
}

const coded = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? '')
