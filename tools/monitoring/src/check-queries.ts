import { alertRules } from './alert-rules.ts'
import { dashboards } from './dashboards/index.ts'
import { emptyReasons } from './dashboards/panel.ts'
import { foreignMetrics } from './foreign-metrics.ts'
import { type LoadedRule, Prometheus } from './prometheus.ts'
import { metricsIn, selectorsIn } from './promql.ts'

export interface CheckOptions {
  readonly prometheusUrl: string
  readonly namespace: string
  /** Exporters that this system has not, as `foreignMetrics` names them: what only they export may be missing. */
  readonly without?: readonly string[]
}

export interface CheckedQuery {
  /** The dashboard and panel, or the alert. */
  readonly where: string
  readonly query: string
  readonly result: 'found' | 'expected empty' | 'empty' | 'refused'
  /** What Prometheus said, or why emptiness is expected. */
  readonly reason: string
}

interface Asked {
  readonly where: string
  readonly query: string
  readonly expectEmpty: string | undefined
}

/** What a query may look back on. */
const seconds = 300

/**
 * Runs every query of every panel against Prometheus, and for every alert each of the metrics it asks for: the alert's
 * own query finds nothing as long as all is well. Samples that are no numbers do not count as found.
 * @throws Error when Prometheus is not reachable or has not loaded a rule of ours, or one of them fails
 */
export async function checkQueries(options: CheckOptions): Promise<CheckedQuery[]> {
  const prometheus = new Prometheus(options.prometheusUrl)
  const rules = await loadedRules(prometheus, options.namespace)
  const namespaces = await prometheus.labelValues('namespace', 'outbox_published_total')
  if (!namespaces.includes(options.namespace)) {
    throw new Error(`The variable for the namespace does not offer ${options.namespace}, but ${namespaces.join(', ')}.`)
  }
  const asked = [...panelQueries(options), ...alertQueries(rules, options)]
  const checked: CheckedQuery[] = []
  for (const { where, query, expectEmpty } of asked) {
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

/** The queries in which something is wrong, a line each. */
export function complaints(checked: readonly CheckedQuery[]): string[] {
  return checked
    .filter(({ result }) => result === 'empty' || result === 'refused')
    .map(({ where, query, result, reason }) => `${where}: ${result} ${reason}\n    ${query}`)
}

/** How many of each result, in one line. */
export function summary(checked: readonly CheckedQuery[]): string {
  const counts = new Map<string, number>()
  for (const { result } of checked) counts.set(result, (counts.get(result) ?? 0) + 1)
  return `${checked.length} queries: ${[...counts].map(([result, count]) => `${count} ${result}`).join(', ')}`
}

function panelQueries(options: CheckOptions): Asked[] {
  return dashboards.flatMap(({ title, rows }) =>
    rows.flatMap(({ panels }) =>
      panels.flatMap((panel) =>
        panel.queries.map(({ expr }) => {
          const query = withVariables(expr, options.namespace)
          const declared = panel.expectEmpty && emptyReasons[panel.expectEmpty]
          return { where: `${title} / ${panel.title}`, query, expectEmpty: declared ?? missing(query, options) }
        }),
      ),
    ),
  )
}

function alertQueries(rules: readonly LoadedRule[], options: CheckOptions): Asked[] {
  const declared = new Map(alertRules().map(({ alert, expectEmpty }) => [alert, expectEmpty]))
  return rules
    .filter(({ type }) => type === 'alerting')
    .flatMap(({ name, query }) =>
      selectorsIn(query).map(({ text }) => ({
        where: name,
        query: text,
        expectEmpty: declared.get(name) ?? missing(text, options),
      })),
    )
}

/** All of our rules must have been loaded and be in good health. */
async function loadedRules(prometheus: Prometheus, namespace: string): Promise<LoadedRule[]> {
  const all = await prometheus.rules()
  const ours = all.filter(
    ({ group, query }) => group.startsWith('order-saga') && query.includes(`namespace="${namespace}"`),
  )
  const names = new Set(ours.map(({ name }) => name))
  const lacking = alertRules().filter(({ alert }) => !names.has(alert))
  if (lacking.length > 0) {
    throw new Error(`Prometheus has not loaded these alerts: ${lacking.map(({ alert }) => alert).join(', ')}.`)
  }
  const ill = ours.filter(({ health }) => health !== 'ok')
  if (ill.length > 0) {
    throw new Error(
      `Rules fail: ${ill.map(({ name, health, lastError }) => `${name} (${lastError ?? health})`).join(', ')}.`,
    )
  }
  return ours
}

/** Why a query finds nothing where an exporter is not there. */
function missing(query: string, { without = [] }: CheckOptions): string | undefined {
  const exporters = metricsIn(query).map((metric) => foreignMetrics[metric])
  const lacking = exporters.find((exporter) => exporter !== undefined && without.includes(exporter))
  return lacking === undefined ? undefined : `there is no ${lacking} here`
}

/** As Grafana puts them in, with all services chosen and metrics scraped every 15 s. */
function withVariables(expr: string, namespace: string): string {
  return expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '5m')
    .replaceAll('$namespace', namespace)
    .replaceAll('$service', '.+')
}
