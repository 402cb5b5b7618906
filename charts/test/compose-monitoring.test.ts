import { deepEqual, equal, ok } from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { dashboards } from '@order-saga/monitoring'
import type { Loose } from './render.ts'
import { tool } from '../../tools/ci/src/go-tools.ts'
import { run } from '../../tools/ci/src/programs.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): Loose => load(readFileSync(join(root, path), 'utf8'))
const compose = read('compose.yaml')
const mountsOf = (service: string): { from: string; to: string }[] =>
  compose.services[service].volumes
    .map((volume: string) => volume.split(':'))
    .map(([from = '', to = '']: string[]) => ({ from, to }))

describe('the profile monitoring of Docker Compose', () => {
  const config = read('tools/monitoring/compose/prometheus.yml')

  it('runs Prometheus, Grafana and the audit exporter, with pinned images', () => {
    const members = Object.entries<Loose>(compose.services).filter(([, { profiles }]) =>
      profiles?.includes('monitoring'),
    )
    deepEqual(members.map(([name]) => name).toSorted(), ['audit-exporter', 'grafana', 'prometheus'])
    for (const name of ['grafana', 'prometheus']) {
      ok(/:\$\{\w+:-v?\d+\.\d+\.\d+\}$/.test(compose.services[name].image), compose.services[name].image)
      for (const port of compose.services[name].ports) ok(port.startsWith('127.0.0.1:'), port)
    }
  })

  it('mounts existing files', () => {
    for (const service of ['prometheus', 'grafana']) {
      for (const { from } of mountsOf(service)) {
        if (from.startsWith('.')) ok(existsSync(join(root, from)), from)
        else ok(from in compose.volumes, from)
      }
    }
  })

  it('has a valid Prometheus configuration', () => {
    const folder = mkdtempSync(join(tmpdir(), 'order-saga-prometheus-'))
    try {
      for (const { from, to } of mountsOf('prometheus')) {
        if (!from.startsWith('.')) continue
        const text = readFileSync(join(root, from), 'utf8').replaceAll('/etc/prometheus/', `${folder}/`)
        writeFileSync(join(folder, to.replace('/etc/prometheus/', '')), text)
      }
      const { code, out, err } = run(tool('promtool'), [
        'check',
        'config',
        '--lint=all',
        join(folder, 'prometheus.yml'),
      ])
      equal(code, 0, out + err)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('scrapes every service on its port, and the broker', () => {
    const [services, ...broker] = config.scrape_configs
    const [{ names, port }] = services.dns_sd_configs
    for (const name of names) ok(name in compose.services, name)
    const processes = Object.keys(compose.services).filter((name) => /-service$|^(console|audit-exporter)$/.test(name))
    deepEqual(names.toSorted(), processes.toSorted())
    for (const name of names) equal(compose.services[name].environment['<<']?.[0].OPS_PORT ?? port, 9464)
    deepEqual(
      broker.map(({ static_configs: [{ targets }] }: Loose) => targets[0]),
      ['rabbitmq:15692', 'rabbitmq:15692'],
    )
  })

  it('provisions one data source and all dashboards in Grafana', () => {
    const [source] = read('tools/monitoring/compose/grafana/datasources/prometheus.yaml').datasources
    equal(source.type, 'prometheus')
    equal(source.url, 'http://prometheus:9090')
    equal(source.jsonData.timeInterval, config.global.scrape_interval)
    const [provider] = read('tools/monitoring/compose/grafana/dashboards/order-saga.yaml').providers
    const mount = mountsOf('grafana').find(({ to }) => to === provider.options.path)
    equal(mount?.from, './charts/order-saga/dashboards')
    const home = compose.services.grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH
    ok(
      dashboards.some(({ uid }) => home === `${provider.options.path}/${uid}.json`),
      home,
    )
    const targets = mountsOf('grafana').map(({ to }) => to)
    for (const kind of ['datasources', 'dashboards']) ok(targets.includes(`/etc/grafana/provisioning/${kind}`))
  })
})
