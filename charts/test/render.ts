import { fileURLToPath } from 'node:url'
import { loadAll } from 'js-yaml'
import { helms, must, type Outcome, run } from '../../tools/ci/src/programs.ts'

export const charts = fileURLToPath(new URL('..', import.meta.url))
export const umbrella = `${charts}order-saga`

/** Renderings that are stored as golden files and used by the other tests. */
export const variants = {
  development: ['order-saga/values-dev.yaml'],
  production: ['order-saga/values-prod.yaml', 'test/values/digests.yaml'],
  'production-keda': ['order-saga/values-prod.yaml', 'order-saga/values-keda.yaml', 'test/values/digests.yaml'],
  test: ['order-saga/values-prod.yaml', 'order-saga/values-test.yaml', 'test/values/fixed-passwords.yaml'],
  external: ['test/values/external.yaml'],
  operator: ['test/values/operator.yaml', 'test/values/fixed-passwords.yaml'],
} as const

export type Variant = keyof typeof variants
export const variantNames = Object.keys(variants) as Variant[]

/** A Kubernetes object, untyped. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any

// Values that are random or depend on the cluster.
const cluster = ['--kube-version', '1.34.0', '--api-versions', 'monitoring.coreos.com/v1']

const valuesOf = (variant: Variant): string[] => variants[variant].flatMap((file) => ['-f', charts + file])

export function template(args: readonly string[], helm = helms()[0] ?? 'helm', release = 'shop'): Outcome {
  return run(helm, ['template', release, umbrella, '--namespace', 'orders', ...cluster, ...args])
}

interface Input {
  /** Values that override those of the variant. */
  values?: Loose
  variant?: Variant
  release?: string
  namespace?: string
  helm?: string | undefined
  chart?: string
  args?: readonly string[]
}

/** Renders with a values file, because Helm parses numbers of a file as floats, but not those of --set. */
export function templateWith(input: Input): Outcome {
  const { values = {}, variant, release = 'shop', namespace = 'orders', chart = umbrella, args = [] } = input
  const files = variant === undefined ? [] : valuesOf(variant)
  return run(
    input.helm ?? helms()[0] ?? 'helm',
    ['template', release, chart, '--namespace', namespace, ...cluster, ...files, '-f', '-', ...args],
    typeof values === 'string' ? values : JSON.stringify(values),
  )
}

/** @throws Error with Helm's message if the chart rejects the values */
export function objectsWith(input: Input): Loose[] {
  const { code, out, err } = templateWith(input)
  if (code !== 0) throw new Error(err)
  return parse(out)
}

export function render(variant: Variant, helm?: string): string {
  const { code, out, err } = template(valuesOf(variant), helm)
  if (code !== 0) throw new Error(`${variant} does not render: ${err}`)
  return out
}

export function parse(text: string): Loose[] {
  return (loadAll(text) as Loose[]).filter((object) => object !== null && object !== undefined)
}

const parsed = new Map<Variant, Loose[]>()

/** The objects of a rendering, cached. */
export function objects(variant: Variant, kind?: string): Loose[] {
  let all = parsed.get(variant)
  if (all === undefined) {
    all = parse(render(variant))
    parsed.set(variant, all)
  }
  return kind === undefined ? all : all.filter((object) => object.kind === kind)
}

interface Pod {
  name: string
  labels: Record<string, string>
  annotations: Record<string, string>
  spec: Loose
  object: Loose
}

/** Every pod template of the chart, with the name of its workload. */
export const pods = (variant: Variant): Pod[] => podsOf(objects(variant))

export function podsOf(rendered: readonly Loose[]): Pod[] {
  return rendered.flatMap((object) => {
    const pod =
      object.kind === 'Pod'
        ? object
        : object.kind === 'CronJob'
          ? object.spec.jobTemplate.spec.template
          : ['Deployment', 'StatefulSet', 'Job'].includes(object.kind)
            ? object.spec.template
            : undefined
    if (pod === undefined) return []
    const name = `${object.kind}/${object.metadata.name}`
    return [
      { name, labels: pod.metadata.labels ?? {}, annotations: pod.metadata.annotations ?? {}, spec: pod.spec, object },
    ]
  })
}

/** Builds the dependencies of the umbrella chart from local folders, without network access. */
export function prepare(): void {
  must(helms()[0] ?? 'helm', ['dependency', 'build', umbrella])
}
