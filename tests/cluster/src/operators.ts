import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { messageOf } from '@order-saga/chassis'
import { command } from './command.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const installLimitMs = 300_000

interface Operator {
  readonly name: string
  readonly repo: string
  readonly chart: string
  readonly version: string
  readonly namespace: string
  readonly values: string
  /** The object of the cluster that shows it is there, however it came. */
  readonly provides: string
}

/** The source of the autoscaler's queue metrics; a cluster has one. */
export type MetricsProvider = 'hpa' | 'keda'

const known = JSON.parse(readFileSync(`${root}k8s/operators.json`, 'utf8')) as readonly Operator[]

/**
 * Installs with Helm what the cluster lacks of the chart's prerequisites.
 * @returns a line per prerequisite
 * @throws Error naming all that is missing and could not be installed
 */
export async function ensureOperators(provider: MetricsProvider): Promise<readonly string[]> {
  const unwanted = provider === 'hpa' ? 'keda' : 'prometheus-adapter'
  const lines: string[] = []
  const missing: string[] = []
  for (const operator of known.filter(({ name }) => name !== unwanted)) {
    if (await isThere(operator.provides)) {
      lines.push(`${operator.name}: there`)
      continue
    }
    const failure = await install(operator).then(() => undefined, messageOf)
    if (failure === undefined) lines.push(`${operator.name}: installed ${operator.version}`)
    else missing.push(`${operator.name} is missing and could not be installed: ${failure}`)
  }
  if (missing.length > 0) throw new Error(missing.join('\n'))
  await refuseOther(provider)
  return lines
}

async function isThere(object: string): Promise<boolean> {
  return (await command('kubectl', ['get', object, '--ignore-not-found', '--output=name'])).trim() !== ''
}

async function install({ name, repo, chart, version, namespace, values }: Operator): Promise<void> {
  const from = [name, chart, `--repo=${repo}`, `--version=${version}`]
  const into = [`--namespace=${namespace}`, '--create-namespace', `--values=${root}${values}`]
  const wait = ['--wait', `--timeout=${installLimitMs / 1000}s`]
  await command(process.env['HELM'] ?? 'helm', ['upgrade', '--install', ...from, ...into, ...wait], {
    limitMs: installLimitMs + 30_000,
  })
}

/** prometheus-adapter and KEDA both want to serve external.metrics.k8s.io; the one that does answers for itself alone. */
async function refuseOther(provider: MetricsProvider): Promise<void> {
  const apiService = 'apiservice/v1beta1.external.metrics.k8s.io'
  await command('kubectl', ['wait', '--for=condition=Available', apiService, '--timeout=60s'], { limitMs: 70_000 })
  const service = await command('kubectl', ['get', apiService, '--output=jsonpath={.spec.service.name}'])
  if (service.includes('keda') === (provider === 'keda')) return
  const other = provider === 'hpa' ? 'make e2e-keda' : 'make e2e'
  throw new Error(`The cluster's external metrics come from ${service}: run ${other}, or remove it.`)
}
