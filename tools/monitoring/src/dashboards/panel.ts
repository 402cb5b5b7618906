/** A threshold: the colour from a value on. The first step has no value. */
export type Step = readonly [from: number | null, color: 'green' | 'yellow' | 'red' | 'blue']

export interface Query {
  readonly expr: string
  /** The name of a series, with Grafana's `{{label}}`. */
  readonly legend: string
}

/** A panel, independent of Grafana's schema; `theme.ts` builds Grafana's panel. */
export interface PanelSpec {
  readonly title: string
  /** The meaning and the normal values. */
  readonly description: string
  readonly kind: 'number' | 'lines' | 'stack' | 'shares'
  /** Grafana's unit id. */
  readonly unit: string
  readonly queries: readonly Query[]
  readonly steps: readonly Step[]
  /** In columns; a row has 24. */
  readonly width: number
  readonly links?: readonly { readonly title: string; readonly url: string }[]
  /** The reason why its queries may be empty on a healthy system. */
  readonly expectEmpty?: EmptyReason
}

/** Reasons for missing data on a healthy system. */
export const emptyReasons = {
  'kube-state-metrics': 'kube-state-metrics is not installed on every test cluster',
  cadvisor: "the kubelet's container metrics are not scraped on every test cluster",
  autoscaler: 'kube-state-metrics is not installed on every test cluster, or no HPA exists',
} as const
export type EmptyReason = keyof typeof emptyReasons

export interface DashboardSpec {
  /** Also the file name. */
  readonly uid: string
  readonly title: string
  readonly description: string
  /** Adds a variable that selects services. */
  readonly byService?: true
  readonly rows: readonly { readonly title: string; readonly panels: readonly PanelSpec[] }[]
}

/** Selects the series of the release's pods. */
export const ofRelease = 'namespace="$namespace", release="$release"'
/** Selects the series of its servers; those of a server outside the release may have no label `release`. */
export const ofServers = 'namespace="$namespace", release=~"$release|"'

/** A percentile of a histogram, by the labels given. */
export function percentile(share: number, histogram: string, selector: string, by: readonly string[] = []): string {
  const buckets = `rate(${histogram}_bucket{${selector}}[$__rate_interval])`
  return `histogram_quantile(${share}, sum by (${['le', ...by].join(', ')}) (${buckets}))`
}

/** A link to another dashboard with the same release and time range. */
export function linkTo(uid: string, title: string): { title: string; url: string } {
  return {
    title,
    url: `/d/${uid}?\${datasource:queryparam}&\${namespace:queryparam}&\${release:queryparam}&\${__url_time_range}`,
  }
}

export const neutral: readonly Step[] = [[null, 'blue']]
/** Red above zero. */
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
