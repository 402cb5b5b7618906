import { deepEqual, equal, notDeepEqual, ok } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Loose, parse, template } from './render.ts'
import { tool } from '../../tools/ci/src/go-tools.ts'
import { run } from '../../tools/ci/src/programs.ts'

const adapterValues = new URL('../../k8s/prometheus-adapter-values.yaml', import.meta.url)

function rendered(release: string, ...set: string[]): Loose[] {
  const { code, out, err } = template(
    set.flatMap((value) => ['--set', value]),
    undefined,
    release,
  )
  equal(code, 0, err)
  return parse(out)
}

const kinds = (all: Loose[], kind: string): Loose[] => all.filter((object) => object.kind === kind)
const selectorOf = ({ spec }: Loose): Loose => spec.metrics[0].external.metric.selector
const backlogRule = (all: Loose[]): Loose =>
  kinds(all, 'PrometheusRule').find(({ metadata }) => metadata.name.endsWith('-rabbitmq-backlog')).spec

describe('two releases in one namespace', () => {
  const [shop, other] = ['shop', 'shop-b'].map((release) => rendered(release)) as [Loose[], Loose[]]

  it('have different release labels on every scraped series', () => {
    for (const [release, all] of Object.entries({ shop, 'shop-b': other })) {
      const monitors = kinds(all, 'PodMonitor')
      equal(monitors.length, 5)
      for (const { metadata, spec } of monitors) {
        ok(JSON.stringify(spec.selector).includes(`"${release}`), metadata.name)
        for (const { relabelings } of spec.podMetricsEndpoints) {
          deepEqual(
            relabelings.filter(({ targetLabel }: Loose) => targetLabel === 'release'),
            [{ targetLabel: 'release', replacement: release }],
            metadata.name,
          )
        }
      }
    }
  })

  it('each record the backlog of their own queues', () => {
    const folder = mkdtempSync(join(tmpdir(), 'order-saga-releases-'))
    try {
      const write = (name: string, content: Loose): string => {
        writeFileSync(join(folder, name), JSON.stringify(content))
        return join(folder, name)
      }
      const depth = (release: string, pod: string, queue: string, ready: number, unacked: number): Loose[] =>
        Object.entries({ ready, unacked }).map(([state, value]) => ({
          series: `rabbitmq_detailed_queue_messages_${state}{namespace="orders",release="${release}",pod="${pod}",vhost="/",queue="${queue}"}`,
          values: `${value}x5`,
        }))
      const sample = (release: string, value: number): Loose => ({
        labels: `saga_queue_backlog{namespace="orders",release="${release}",vhost="/",queue="payment_queue"}`,
        value,
      })
      const series = [
        ...depth('shop', 'shop-rabbitmq-0', 'payment_queue', 2, 1),
        ...depth('shop', 'shop-rabbitmq-0', 'payment_queue.charges', 4, 0),
        ...depth('shop-b', 'shop-b-rabbitmq-0', 'payment_queue', 400, 0),
        // Two nodes report the queue while its leader changes.
        ...depth('shop-b', 'shop-b-rabbitmq-1', 'payment_queue', 390, 0),
      ]
      const recorded = (rules: Loose[][], samples: Loose[]): string => {
        const test = {
          interval: '1m',
          input_series: series,
          promql_expr_test: [
            { expr: 'saga_queue_backlog{queue="payment_queue"}', eval_time: '3m', exp_samples: samples },
          ],
        }
        const files = rules.map((all, i) => write(`rules-${i}.json`, backlogRule(all)))
        const file = write('test.json', { rule_files: files, evaluation_interval: '1m', tests: [test] })
        const { code, out, err } = run(tool('promtool'), ['test', 'rules', file])
        return code === 0 ? '' : out + err
      }
      equal(recorded([shop], [sample('shop', 7)]), '')
      equal(recorded([other], [sample('shop-b', 400)]), '')
      equal(recorded([shop, other], [sample('shop', 7), sample('shop-b', 400)]), '')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('each scale by their own backlog', () => {
    for (const [release, all] of Object.entries({ shop, 'shop-b': other })) {
      const scalers = kinds(all, 'HorizontalPodAutoscaler')
      equal(scalers.length, 4)
      for (const scaler of scalers) {
        const service = scaler.metadata.name.replace(`${release}-`, '')
        deepEqual(selectorOf(scaler), { matchLabels: { queue: `${service}_queue`, release } })
      }
    }
    const [rule] = parse(readFileSync(adapterValues, 'utf8'))[0].rules.external
    equal(rule.metricsQuery, 'max by (release, queue) (<<.Series>>{<<.LabelMatchers>>})')
  })

  it('each scale by an externally recorded backlog, except that of another release', () => {
    const all = rendered('shop', 'rabbitmq.enabled=false', 'externalBroker.existingSecret=broker')
    for (const scaler of kinds(all, 'HorizontalPodAutoscaler')) {
      deepEqual(selectorOf(scaler).matchExpressions, [{ key: 'release', operator: 'In', values: ['', 'shop'] }])
      deepEqual(Object.keys(selectorOf(scaler).matchLabels), ['queue'])
    }
  })

  it('each have KEDA query their own broker', () => {
    const triggers = (release: string): Loose[] =>
      kinds(rendered(release, 'autoscaling.provider=keda'), 'ScaledObject').map(({ spec }) => spec.triggers[0])
    for (const { metadata, authenticationRef } of triggers('shop-b')) {
      equal(metadata.host, 'http://shop-b-rabbitmq.orders.svc:15672/')
      equal(authenticationRef.name, 'shop-b-rabbitmq-monitoring')
    }
    equal(triggers('shop').length, 4)
  })

  it('share no object and no alert', () => {
    const names = (all: Loose[]): string[] => all.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    const taken = new Set(names(shop))
    deepEqual(
      names(other).filter((name) => taken.has(name)),
      [],
    )
    const alerts = (all: Loose[]): Loose[] =>
      kinds(all, 'PrometheusRule')
        .flatMap(({ spec }) => spec.groups.flatMap(({ rules }: Loose) => rules))
        .filter(({ alert }) => alert !== undefined)
    for (const [i, rule] of alerts(shop).entries()) {
      equal(rule.labels.release, 'shop')
      notDeepEqual(rule.expr, alerts(other)[i].expr, rule.alert)
    }
  })
})
