/** From a value on, what it means. The first step counts from the bottom and has no value. */
export type Step = readonly [from: number | null, color: 'green' | 'yellow' | 'red' | 'blue']

export interface Query {
  readonly expr: string
  /** How a series is called: Grafana's `{{label}}` are filled in. */
  readonly legend: string
}

/** A panel as we think of it; `look.ts` makes Grafana's of it. */
export interface PanelSpec {
  readonly title: string
  /** What it shows, and what is normal. */
  readonly description: string
  readonly kind: 'number' | 'lines' | 'stack' | 'shares'
  /** Grafana's name of the unit. */
  readonly unit: string
  readonly queries: readonly Query[]
  readonly steps: readonly Step[]
  /** Columns of 24; rows are filled from the left. */
  readonly width: number
  readonly links?: readonly { readonly title: string; readonly url: string }[]
  /** Why its queries may find nothing on a system that works: a key of `emptyReasons`. */
  readonly expectEmpty?: EmptyReason
}

/** Why there may be no data where all is well. */
export const emptyReasons = {
  'kube-state-metrics': 'kube-state-metrics is not installed on every test cluster',
  cadvisor: "the kubelet's container metrics are not scraped on every test cluster",
  autoscaler: 'kube-state-metrics is not installed on every test cluster, or nothing is scaled by an HPA',
} as const
export type EmptyReason = keyof typeof emptyReasons

export interface DashboardSpec {
  /** Also the name of its file. */
  readonly uid: string
  readonly title: string
  readonly description: string
  /** Adds a variable by which the services are chosen. */
  readonly byService?: true
  readonly rows: readonly { readonly title: string; readonly panels: readonly PanelSpec[] }[]
}

/** The release is known by its namespace. */
export const here = 'namespace="$namespace"'

/** A percentile of a histogram, by the labels given. */
export function percentile(share: number, histogram: string, selector: string, by: readonly string[] = []): string {
  const buckets = `rate(${histogram}_bucket{${selector}}[$__rate_interval])`
  return `histogram_quantile(${share}, sum by (${['le', ...by].join(', ')}) (${buckets}))`
}

/** The link to another of our dashboards, with the same namespace and time. */
export function linkTo(uid: string, title: string): { title: string; url: string } {
  return { title, url: `/d/${uid}?\${datasource:queryparam}&\${namespace:queryparam}&\${__url_time_range}` }
}

export const calm: readonly Step[] = [[null, 'blue']]
/** Anything above zero is trouble. */
export const noneAllowed: readonly Step[] = [
  [null, 'green'],
  [1, 'red'],
]

export function upTo(warn: number, bad: number): readonly Step[] {
  return [
    [null, 'green'],
    [warn, 'yellow'],
    [bad, 'red'],
  ]
}
