import { alertRules } from './alert-rules.ts'
import { dashboards } from './dashboards/index.ts'
import { emptyReasons } from './dashboards/panel.ts'
import { foreignMetrics } from './foreign-metrics.ts'
import { type LoadedRule, Prometheus } from './prometheus.ts'
import { metricsIn, selectorsIn } from './promql.ts'

export interface CheckOptions {
  readonly prometheusUrl: string
  readonly namespace: string
  /** By default the only one in the namespace. */
  readonly release?: string | undefined
  /** Exporters of `foreignMetrics` that this system does not have; their metrics may be missing. */
  readonly without?: readonly string[]
}

export interface CheckedQuery {
  /** The dashboard and panel, or the alert. */
  readonly where: string
  readonly query: string
  readonly result: 'found' | 'expected empty' | 'empty' | 'refused'
  /** The error of Prometheus, or the reason for an expected empty result. */
  readonly reason: string
}

interface PlannedQuery {
  readonly where: string
  readonly query: string
  readonly expectEmpty: string | undefined
}

/** The time range of a query. */
const seconds = 300

/**
 * Runs every query of every panel, and for every alert each of its selectors: the whole expression has no result unless
 * the alert fires. NaN and infinite samples do not count.
 * @throws Error when Prometheus is not reachable, or when a rule of the chart is not loaded or fails
 */
export async function checkQueries(options: CheckOptions): Promise<CheckedQuery[]> {
  const prometheus = new Prometheus(options.prometheusUrl)
  const rules = await loadedRules(prometheus, options.namespace)
  const namespaces = await prometheus.labelValues('namespace', 'outbox_published_total')
  if (!namespaces.includes(options.namespace)) {
    throw new Error(`The namespace variable does not include ${options.namespace}, but ${namespaces.join(', ')}.`)
  }
  const release = await releaseIn(prometheus, options)
  const planned = [...panelQueries(options, release), ...alertQueries(rules, options)]
  const checked: CheckedQuery[] = []
  for (const { where, query, expectEmpty } of planned) {
    try {
      const count = await prometheus.samples(query, seconds)
      const none = expectEmpty === undefined ? ('empty' as const) : ('expected empty' as const)
      checked.push({ where, query, result: count > 0 ? 'found' : none, reason: expectEmpty ?? '' })
    } catch (error) {
      checked.push({ where, query, result: 'refused', reason: (error as Error).message })
    }
  }
  return checked
}

/** Returns one entry per empty or refused query. */
export function failures(checked: readonly CheckedQuery[]): string[] {
  return checked
    .filter(({ result }) => result === 'empty' || result === 'refused')
    .map(({ where, query, result, reason }) => `${where}: ${result} ${reason}\n    ${query}`)
}

/** The number of queries by result, in one line. */
export function summarize(checked: readonly CheckedQuery[]): string {
  const counts = new Map<string, number>()
  for (const { result } of checked) counts.set(result, (counts.get(result) ?? 0) + 1)
  return `${checked.length} queries: ${[...counts].map(([result, count]) => `${count} ${result}`).join(', ')}`
}

/** @throws Error when the release is not in the namespace, or when none is given and there are several */
async function releaseIn(prometheus: Prometheus, { namespace, release }: CheckOptions): Promise<string> {
  const found = await prometheus.labelValues('release', `outbox_published_total{namespace="${namespace}"}`)
  const chosen = release ?? (found.length === 1 ? found[0] : undefined)
  if (chosen !== undefined && found.includes(chosen)) return chosen
  throw new Error(`Choose a release of the namespace ${namespace}: ${found.join(', ') || 'it has none'}.`)
}

function panelQueries(options: CheckOptions, release: string): PlannedQuery[] {
  return dashboards.flatMap(({ title, rows }) =>
    rows.flatMap(({ panels }) =>
      panels.flatMap((panel) =>
        panel.queries.map(({ expr }) => {
          const query = withVariables(expr, options.namespace, release)
          const declared = panel.expectEmpty && emptyReasons[panel.expectEmpty]
          return {
            where: `${title} / ${panel.title}`,
            query,
            expectEmpty: declared ?? reasonForMissing(query, options),
          }
        }),
      ),
    ),
  )
}

function alertQueries(rules: readonly LoadedRule[], options: CheckOptions): PlannedQuery[] {
  const declared = new Map(alertRules().map(({ alert, expectEmpty }) => [alert, expectEmpty]))
  return rules
    .filter(({ type }) => type === 'alerting')
    .flatMap(({ name, query }) =>
      selectorsIn(query).map(({ text }) => ({
        where: name,
        query: text,
        expectEmpty: declared.get(name) ?? reasonForMissing(text, options),
      })),
    )
}

/** @throws Error when a rule of the chart is not loaded or not healthy */
async function loadedRules(prometheus: Prometheus, namespace: string): Promise<LoadedRule[]> {
  const all = await prometheus.rules()
  const ours = all.filter(
    ({ group, query }) => group.startsWith('order-saga') && query.includes(`namespace="${namespace}"`),
  )
  const names = new Set(ours.map(({ name }) => name))
  const missing = alertRules().filter(({ alert }) => !names.has(alert))
  if (missing.length > 0) {
    throw new Error(`Prometheus has not loaded these alerts: ${missing.map(({ alert }) => alert).join(', ')}.`)
  }
  const failing = ours.filter(({ health }) => health !== 'ok')
  if (failing.length > 0) {
    throw new Error(
      `Rules fail: ${failing.map(({ name, health, lastError }) => `${name} (${lastError ?? health})`).join(', ')}.`,
    )
  }
  return ours
}

/** The reason for an empty result when an exporter is missing. */
function reasonForMissing(query: string, { without = [] }: CheckOptions): string | undefined {
  const exporters = metricsIn(query).map((metric) => foreignMetrics[metric])
  const missing = exporters.find((exporter) => exporter !== undefined && without.includes(exporter))
  return missing === undefined ? undefined : `${missing} is not installed`
}

/** Grafana's values of the variables for all services and a scrape interval of 15 s. */
function withVariables(expr: string, namespace: string, release: string): string {
  return expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '5m')
    .replaceAll('$namespace', namespace)
    .replaceAll('$release', release)
    .replaceAll('$prefix', '.+')
    .replaceAll('$service', '.+')
}
