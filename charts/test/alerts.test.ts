import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AlertCase, alertCases, type Series } from './alert-cases.ts'
import { type Loose, parse, template, umbrella } from './render.ts'
import { tool } from '../../tools/ci/src/go-tools.ts'
import { run } from '../../tools/ci/src/programs.ts'

const runbooks = new URL('../../docs/runbooks/', import.meta.url)
const headings = ['Meaning', 'Diagnosis', 'Mitigation', 'Verification']

function rendered(...set: string[]): Loose {
  const args = set.flatMap((value) => ['--set', value])
  const { code, out, err } = template(['--show-only', 'templates/alerts.yaml', ...args])
  equal(code, 0, err)
  return parse(out)[0]?.spec
}

const rulesOf = (spec: Loose): Loose[] => spec.groups.flatMap(({ rules }: Loose) => rules)
const alertsOf = (spec: Loose): Loose[] => rulesOf(spec).filter(({ alert }) => alert !== undefined)

describe('alerts', () => {
  let folder: string
  const spec = rendered()
  const alerts = alertsOf(spec)

  before(function () {
    this.timeout(1_200_000)
    folder = mkdtempSync(join(tmpdir(), 'order-saga-rules-'))
    tool('promtool')
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  function write(name: string, content: Loose): string {
    const path = join(folder, name)
    writeFileSync(path, JSON.stringify(content))
    return path
  }

  /** The output of promtool for the alert in this case. */
  function tried(rules: Loose, alert: string, { series, at, interval = '1m', fires }: AlertCase): string {
    const { severity } = alertsOf(rules).find((rule) => rule.alert === alert).labels
    const labels = { alertname: alert, alertstate: 'firing', namespace: 'orders', release: 'shop', severity, ...fires }
    const written = Object.entries(labels).map(([name, value]) => `${name}="${value}"`)
    const test = {
      interval,
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [
        {
          expr: `ALERTS{alertname="${alert}",alertstate="firing"}`,
          eval_time: at,
          exp_samples: fires === undefined ? [] : [{ labels: `ALERTS{${written.join()}}`, value: 1 }],
        },
      ],
    }
    const ruleFile = write('rules.json', rules)
    const { code, out, err } = run(tool('promtool'), [
      'test',
      'rules',
      write('test.json', { rule_files: [ruleFile], evaluation_interval: interval, tests: [test] }),
    ])
    return code === 0 ? '' : out + err
  }

  it('pass promtool check rules', () => {
    const { code, out, err } = run(tool('promtool'), [
      'check',
      'rules',
      '--lint=all',
      '--lint-fatal',
      write('r.json', spec),
    ])
    equal(code, 0, out + err)
  })

  it('each have cases in which they fire and cases in which they do not', () => {
    deepEqual(alerts.map(({ alert }) => alert as string).toSorted(), Object.keys(alertCases).toSorted())
    for (const [alert, cases] of Object.entries(alertCases)) {
      ok(cases.some(({ fires }) => fires !== undefined) && cases.some(({ fires }) => fires === undefined), alert)
    }
  })

  for (const [alert, cases] of Object.entries(alertCases)) {
    for (const example of cases) {
      it(`${alert} ${example.fires === undefined ? 'does not fire' : 'fires'} when ${example.when}`, () => {
        equal(tried(spec, alert, example), '')
      })
    }
  }

  describe('of one release of two in a namespace', () => {
    const ofB = (series: Series): Series =>
      Object.fromEntries(
        Object.entries(series).map(([name, values]) => [
          name.replaceAll('release="shop"', 'release="shop-b"').replaceAll('job_name="shop-', 'job_name="shop-b-'),
          values,
        ]),
      )
    for (const [alert, cases] of Object.entries(alertCases)) {
      const fires = cases.find((example) => example.fires !== undefined)
      const silent = cases.find((example) => example.fires === undefined)
      if (fires === undefined || silent === undefined) continue

      it(`${alert} fires only for its own release`, () => {
        equal(tried(spec, alert, { ...fires, series: { ...fires.series, ...ofB(silent.series) } }), '')
        const { fires: _, ...others } = fires
        equal(tried(spec, alert, { ...others, series: { ...silent.series, ...ofB(fires.series) } }), '')
      })
    }
  })

  it('on external servers select series without the label release, but none of another release', () => {
    const outside = rendered(
      'rabbitmq.enabled=false,externalBroker.existingSecret=broker',
      'order-db.enabled=false,services.order.database.host=db,services.order.database.existingSecret=db',
    )
    for (const alert of [
      'OrderSagaBacklogGrowing',
      'OrderSagaDeadLetters',
      'OrderSagaRetriesStranded',
      'OrderSagaBrokerAlarm',
      'OrderSagaReplicationLag',
    ]) {
      const [{ fires, ...example }] = alertCases[alert] as [AlertCase]
      const labelled = (label: string): Series =>
        Object.fromEntries(
          Object.entries(example.series).map(([name, values]) => [name.replace(',release="shop"', label), values]),
        )
      equal(tried(outside, alert, { ...example, ...(fires && { fires }) }), '', alert)
      equal(tried(outside, alert, { ...example, ...(fires && { fires }), series: labelled('') }), '', alert)
      equal(tried(outside, alert, { ...example, series: labelled(',release="shop-b"') }), '', alert)
    }
  })

  it('have a summary, a severity and a runbook with four sections', () => {
    for (const { alert, annotations, labels } of alerts) {
      match(annotations.summary, /^\S.{15,}/, alert)
      match(annotations.description, /^\S.{15,}/, alert)
      match(labels.severity, /^(critical|warning)$/, alert)
      equal(annotations.runbook_url, `docs/runbooks/${alert}.md`)
      const page = readFileSync(new URL(`${alert}.md`, runbooks), 'utf8')
      match(page, new RegExp(`^# ${alert}\n`))
      deepEqual(
        [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading),
        headings,
        alert,
      )
      for (const part of page.split(/^## .+$/m).slice(1)) ok(part.trim().length > 40, `${alert} has an empty part`)
    }
  })

  it('exist for every runbook', () => {
    const pages = readdirSync(runbooks).filter((name) => name !== 'README.md')
    deepEqual(pages.toSorted(), alerts.map(({ alert }) => `${alert}.md`).toSorted())
    const list = readFileSync(new URL('README.md', runbooks), 'utf8')
    for (const page of pages) ok(list.includes(`(${page})`), `${page} is not in the list`)
  })

  it('have thresholds from the values', () => {
    const [fires] = alertCases['OrderSagaOutboxOld'] ?? []
    ok(fires)
    equal(tried(spec, 'OrderSagaOutboxOld', fires), '')
    const patient = rendered('alerts.thresholds.outboxAgeSeconds=300')
    const { fires: _, ...silent } = fires
    equal(tried(patient, 'OrderSagaOutboxOld', silent), '')
  })

  it('contain no placeholder, and use every threshold', () => {
    ok(!/<[a-zA-Z]+>/.test(JSON.stringify(spec)))
    const source = readFileSync(`${umbrella}/files/alerts.yaml`, 'utf8')
    const values = parse(readFileSync(`${umbrella}/values.yaml`, 'utf8'))[0]
    for (const name of Object.keys(values.alerts.thresholds)) ok(source.includes(`<${name}>`), name)
  })

  it('can be disabled individually and together', () => {
    const disabled = alertsOf(rendered('alerts.disabled={OrderSagaOutboxOld}')).map(({ alert }) => alert as string)
    equal(disabled.length, alerts.length - 1)
    ok(!disabled.includes('OrderSagaOutboxOld'))
    equal(template(['--show-only', 'templates/alerts.yaml', '--set', 'alerts.enabled=false']).code, 1)
  })

  it('have the configured labels and the URL of their runbook', () => {
    const { labels, annotations } = alertsOf(
      rendered('alerts.labels.team=orders', 'alerts.runbooks=https://wiki.example.com/runbooks/'),
    )[0]
    equal(labels.team, 'orders')
    equal(annotations.runbook_url, `https://wiki.example.com/runbooks/${alerts[0]?.alert}.md`)
  })

  it('cover the dead-letter queues of renamed queues', () => {
    const { expr } = alertsOf(rendered('global.messaging.queues.order=shop.order')).find(
      ({ alert }) => alert === 'OrderSagaDeadLetters',
    )
    match(expr, /queue=~"\(shop\\\\\.order\|payment_queue/)
  })
})
