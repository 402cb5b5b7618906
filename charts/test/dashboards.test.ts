import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  alertRules,
  bareNames,
  dashboards,
  documentedMetrics,
  foreignMetrics,
  metricsIn,
  recordedMetrics,
  selectorsIn,
  textOf,
} from '@order-saga/monitoring'
import { type Loose, objects, template, umbrella } from './render.ts'
import { tool } from '../../tools/ci/src/go-tools.ts'
import { run } from '../../tools/ci/src/programs.ts'

const folder = `${umbrella}/dashboards/`
const files = readdirSync(folder)
const all: Loose[] = files.map((file) => JSON.parse(readFileSync(folder + file, 'utf8')))
const panelsOf = (dashboard: Loose): Loose[] => dashboard.panels.filter(({ type }: Loose) => type !== 'row')
const queries: { where: string; expr: string }[] = all.flatMap((dashboard) =>
  panelsOf(dashboard).flatMap(({ title, targets }) =>
    targets.map(({ expr }: Loose) => ({ where: `${dashboard.title}, ${title}`, expr })),
  ),
)
const known = new Set([
  ...documentedMetrics().map(({ name }) => name),
  ...recordedMetrics(),
  ...Object.keys(foreignMetrics),
])

describe('dashboards', () => {
  it('equal the output of their source, file by file', () => {
    deepEqual(files.toSorted(), dashboards.map(({ uid }) => `${uid}.json`).toSorted())
    for (const dashboard of dashboards) {
      equal(
        readFileSync(`${folder}${dashboard.uid}.json`, 'utf8'),
        textOf(dashboard),
        `${dashboard.uid} differs from its source: run make dashboards`,
      )
    }
  })

  for (const dashboard of all) {
    describe(dashboard.title, () => {
      it('has variables for data source, namespace and release', () => {
        const variables = dashboard.templating.list.map(({ name, type }: Loose) => `${name} ${type}`)
        deepEqual(variables.slice(0, 3), ['datasource datasource', 'namespace query', 'release query'])
        for (const { type, datasource } of dashboard.templating.list) {
          if (type === 'query') equal(datasource.uid, '${datasource}')
        }
      })

      for (const panel of panelsOf(dashboard)) {
        it(`${panel.title}: has normal values, a unit, thresholds and the selected data source`, () => {
          match(panel.description, /[Nn]ormal/)
          const { unit, thresholds } = panel.fieldConfig.defaults
          match(unit, /^[a-z]+$/)
          ok(thresholds.steps.length > 0)
          equal(thresholds.steps[0].value, null)
          equal(panel.datasource.uid, '${datasource}')
          ok(panel.targets.length > 0)
          for (const { expr, legendFormat, refId } of panel.targets) {
            for (const { metric, text } of selectorsIn(expr)) {
              match(text, /namespace="\$namespace"/)
              match(
                text,
                /^(kube|container)_/.test(metric) ? /=~"[^"]*\$prefix-/ : /release="\$release"|release=~"\$release\|"/,
              )
            }
            deepEqual(bareNames(expr), [])
            notEqual(legendFormat, '')
            match(refId, /^[A-Z]$/)
          }
        })
      }

      it('has full rows without overlapping panels', () => {
        const taken = new Set<string>()
        for (const { title, gridPos } of dashboard.panels) {
          ok(gridPos.x + gridPos.w <= 24, title)
          for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
            for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
              ok(!taken.has(`${x} ${y}`), `${title} lies over another panel`)
              taken.add(`${x} ${y}`)
            }
          }
        }
      })

      it('has unique titles and ids, and links to existing dashboards', () => {
        const titles = panelsOf(dashboard).map(({ title }) => title)
        equal(new Set(titles).size, titles.length)
        const ids = dashboard.panels.map(({ id }: Loose) => id)
        equal(new Set(ids).size, ids.length)
        const uids = all.map(({ uid }) => uid)
        for (const { links = [] } of panelsOf(dashboard)) {
          for (const { url } of links) {
            match(
              url,
              /^\/d\/[a-z-]+\?\$\{datasource:queryparam\}&\$\{namespace:queryparam\}&\$\{release:queryparam\}&\$\{__url_time_range\}$/,
            )
            ok(uids.includes(/^\/d\/([a-z-]+)/.exec(url)?.[1]), url)
          }
        }
        deepEqual(dashboard.links[0].tags, dashboard.tags)
      })
    })
  }

  it('and alerts query only documented metrics and metrics of listed exporters', () => {
    const alerts = alertRules().map(({ alert, expr }) => ({ where: alert, expr }))
    const asked = [...queries, ...alerts].flatMap(({ where, expr }) =>
      metricsIn(expr).map((metric) => ({ where, metric })),
    )
    deepEqual(
      asked.filter(({ metric }) => !known.has(metric)),
      [],
    )
    const used = new Set(asked.map(({ metric }) => metric))
    deepEqual(
      Object.keys(foreignMetrics).filter((metric) => !used.has(metric)),
      [],
      'named and not queried',
    )
  })

  it('have valid PromQL queries', function () {
    this.timeout(1_200_000)
    const rules = queries.map(({ expr }, i) => ({ record: `query_${i}`, expr: withVariables(expr) }))
    const temporary = mkdtempSync(join(tmpdir(), 'order-saga-queries-'))
    try {
      const file = join(temporary, 'rules.json')
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }))
      const { code, out, err } = run(tool('promtool'), ['check', 'rules', '--lint=none', file])
      equal(code, 0, out + err)
    } finally {
      rmSync(temporary, { recursive: true, force: true })
    }
  })

  it('are rendered as ConfigMaps with the label of the sidecar', () => {
    const shipped = objects('production', 'ConfigMap').filter(({ metadata }) => /-dashboard-/.test(metadata.name))
    equal(shipped.length, files.length)
    for (const { metadata, data } of shipped) {
      equal(metadata.labels['grafana_dashboard'], '1')
      equal(metadata.annotations['grafana_folder'], 'Order saga')
      const [[name, text] = ['', '']] = Object.entries(data as Record<string, string>)
      equal(text.trim(), readFileSync(folder + name, 'utf8').trim())
    }
  })

  it('can be placed in another namespace, or disabled', () => {
    const only = ['--show-only', 'templates/dashboards.yaml']
    const { out } = template([...only, '--set', 'dashboards.namespace=grafana,dashboards.labels.team=orders'])
    equal(out.match(/^ {2}namespace: "grafana"$/gm)?.length, files.length)
    equal(out.match(/^ {4}team: orders$/gm)?.length, files.length)
    equal(template([...only, '--set', 'dashboards.enabled=false']).code, 1)
  })
})

function withVariables(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '1h')
    .replaceAll('$namespace', 'orders')
    .replaceAll('$release', 'shop')
    .replaceAll('$prefix', 'shop')
    .replaceAll('$service', '.+')
}
